(*
testType: TimeCourse
synopsis: initial assignments that need each other
*)
