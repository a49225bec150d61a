(*
testType: TimeCourse
synopsis: a boundary species feeds a reaction and stays
*)
