(*
testType: TimeCourse
synopsis: assignment rules in the other order, and a function of two arguments
*)
