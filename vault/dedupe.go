//go:build !twin_no_dedupe

package vault

// noDedupe is true only in the broken twin that the chaos drill must catch: there Put keeps a
// delivery each time it comes.
const noDedupe = false
