(*
testType: TimeCourse
synopsis: a rate rule: logistic growth
*)
