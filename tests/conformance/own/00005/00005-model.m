(*
testType: TimeCourse
synopsis: a conversion factor between extent and substance
*)
