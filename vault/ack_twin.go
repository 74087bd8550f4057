//go:build twin_early_ack

package vault

// earlyAck makes the broken twin: Put answers before its commit.
const earlyAck = true
