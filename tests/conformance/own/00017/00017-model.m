(*
testType: TimeCourse
synopsis: a sawtooth: an event that resets what triggers it
*)
