//go:build race

package exposure

const raced = true // the race detector makes a case ten times as long
