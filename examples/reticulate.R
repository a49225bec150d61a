# SPDX-License-Identifier: Apache-2.0
# Osteosome from R, by reticulate: a data.frame in, a data.frame out. RETICULATE_PYTHON is a Python that has the package and pandas; Debian 12's
# reticulate (1.28) wants those of its time: pip install "numpy<2" "pandas<3" "pyarrow<18".
# Rscript examples/reticulate.R
library(reticulate)

osteosome <- import("osteosome")

# One woman on denosumab.
r <- osteosome$simulate("osteosome",
  age = "68 years", t_score = dict(TH = -2.5), dose = "denosumab 60 mg every 6 months x 4",
  until = "24 months", every = "6 months", observe = list("TH", "CTX")
)
course <- r$pandas()
print(course)
stopifnot(is.data.frame(course), nrow(course) == 5, course$TH[5] > course$TH[1], course$CTX[2] < course$CTX[1])

# An event table as a data.frame, into a model with a closed form: x' = -k x.
model <- tempfile(fileext = ".toml")
writeLines('
[model]
id = "decay"
title = "Decay"
source = "an example"
time = "h"
[parameters]
k = { value = 0.25, unit = "1/h", kind = "assumed", source = "an example", rationale = "an example", meaning = "rate" }
[species]
x = { initial = "0", unit = "mg", kind = "assumed", source = "an example", rationale = "an example", rate = "-k*x", meaning = "amount" }
', model)
events <- data.frame(
  ID = c(1, 1, 2, 2), TIME = c(0, 4, 0, 4), EVID = c(1, 0, 1, 0), AMT = c(100, NA, 50, NA), CMT = c("x", NA, "x", NA),
  k = c(0.25, 0.25, 0.5, 0.5)
)
out <- osteosome$simulate(model, data = events, time_unit = "h", observe = "x")$pandas()
print(out)
stopifnot(all(abs(out$x / (c(100, 50) * exp(-c(0.25, 0.5) * 4)) - 1) < 1e-5))

# What is wrong is an R error with the message, its code and a hint.
message <- tryCatch(osteosome$simulate("osteosom", until = "1 year"), error = conditionMessage)
stopifnot(grepl("Did you mean 'osteosome'", message, fixed = TRUE))
cat("reticulate: as expected\n")
