(*
testType: TimeCourse
synopsis: delay: a decline that sees its past
*)
