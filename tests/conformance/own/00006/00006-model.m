(*
testType: TimeCourse
synopsis: a compartment that grows dilutes what is in it
*)
