(*
testType: TimeCourse
synopsis: piecewise on time and on a state
*)
