(*
testType: TimeCourse
synopsis: a trigger that ends cancels what is not persistent
*)
