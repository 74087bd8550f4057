//go:build !race

package eventlogtest

// RaceDetector says that tests run many times slower.
const RaceDetector = false
