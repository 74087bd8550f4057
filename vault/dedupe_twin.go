//go:build twin_no_dedupe

package vault

// noDedupe makes the broken twin: Put keeps a delivery each time it comes.
const noDedupe = true
