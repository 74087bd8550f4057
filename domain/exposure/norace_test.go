//go:build !race

package exposure

const raced = false
