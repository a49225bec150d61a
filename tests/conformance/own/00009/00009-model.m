(*
testType: TimeCourse
synopsis: an algebraic rule shares out a total
*)
