//go:build race

package listing_test

const raced = true // the race detector makes a half hour ten times as long
