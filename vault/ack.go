//go:build !twin_early_ack

package vault

// earlyAck is true only in the broken twin that the crash drill must catch: there Put answers
// before its commit.
const earlyAck = false
