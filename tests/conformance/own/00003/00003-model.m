(*
testType: TimeCourse
synopsis: stoichiometry 2, and a second-order reaction
*)
