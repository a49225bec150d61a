(*
testType: TimeCourse
synopsis: the same, concentrations; one species in substance units
*)
