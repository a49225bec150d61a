(*
testType: TimeCourse
synopsis: rateOf a variable
*)
