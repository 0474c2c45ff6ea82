module cartable/e2e

go 1.26.0

require cartable v0.0.0

replace cartable => ..
