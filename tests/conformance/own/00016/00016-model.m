(*
testType: TimeCourse
synopsis: a trigger that holds at the start: with and without an initial value
*)
