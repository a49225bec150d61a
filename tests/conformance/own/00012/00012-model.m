(*
testType: TimeCourse
synopsis: an event with a delay takes the values of its trigger
*)
