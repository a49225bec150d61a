(*
testType: TimeCourse
synopsis: a reaction in a compartment of 2, amounts
*)
