package outbound

import (
	"errors"
	"testing"

	"code.dny.dev/ssrf"
)

// What a name resolves to is judged by what the operator wrote: a public name never opens the local network.
func TestResolvedAddresses(t *testing.T) {
	client, err := NewClient("https://shop.example.com:8443", "http://hub.lan:9000")
	if err != nil {
		t.Fatal(err)
	}
	g, ok := client.Transport.(*guard)
	if !ok {
		t.Fatalf("transport %T", client.Transport)
	}
	tests := []struct {
		written, network, resolved string
		want                       error
	}{
		{"shop.example.com:8443", "tcp4", "93.184.216.34:8443", nil},
		{"shop.example.com:8443", "tcp4", "127.0.0.1:8443", ssrf.ErrProhibitedIP},
		{"shop.example.com:8443", "tcp4", "10.1.2.3:8443", ssrf.ErrProhibitedIP},
		{"shop.example.com:8443", "tcp6", "[::1]:8443", ssrf.ErrProhibitedIP},
		{"shop.example.com:8443", "tcp6", "[::ffff:127.0.0.1]:8443", ssrf.ErrProhibitedIP},
		{"hub.lan:9000", "tcp4", "192.168.1.5:9000", nil},
		{"HUB.lan:9000", "tcp6", "[fd00::5]:9000", nil},
		{"hub.lan:9000", "tcp4", "169.254.169.254:9000", ssrf.ErrProhibitedIP},
		{"hub.lan:9001", "tcp4", "192.168.1.5:9001", ssrf.ErrProhibitedPort},
		{"files.example.net:443", "tcp4", "93.184.216.34:443", nil},
		{"files.example.net:443", "tcp4", "192.168.1.5:443", ssrf.ErrProhibitedIP},
		{"files.example.net:22", "tcp4", "93.184.216.34:22", ssrf.ErrProhibitedPort},
	}
	for _, tt := range tests {
		if err := g.dialer(tt.written).Control(tt.network, tt.resolved, nil); !errors.Is(err, tt.want) {
			t.Errorf("%s at %s: got %v, want %v", tt.written, tt.resolved, err, tt.want)
		}
	}
}
