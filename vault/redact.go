package vault

import (
	"fmt"
	"log/slog"
)

// redacted is what logs and messages show in place of a secret.
const redacted = "[redacted]"

// Secret is a token or password. Printed, logged or encoded it is "[redacted]"; string(s) is the
// only way to its value.
type Secret string

// PII is personal data. Printed, logged or encoded it is "[redacted]"; string(p) is the only way
// to its value.
type PII string

// Format implements fmt.Formatter.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue implements slog.LogValuer.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Format implements fmt.Formatter.
func (PII) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue implements slog.LogValuer.
func (PII) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler.
func (PII) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Format implements fmt.Formatter.
func (Master) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// LogValue implements slog.LogValuer.
func (Master) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText implements encoding.TextMarshaler.
func (Master) MarshalText() ([]byte, error) { return []byte(redacted), nil }
