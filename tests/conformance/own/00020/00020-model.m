(*
testType: TimeCourse
synopsis: comp: submodels, replacements and deletions
*)
