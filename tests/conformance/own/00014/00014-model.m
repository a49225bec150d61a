(*
testType: TimeCourse
synopsis: priorities order events of one instant
*)
