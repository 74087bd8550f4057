package creatorflow

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// TestArchitectureCatches holds the checker itself to account: each tree breaks
// one rule of the real table, and must be refused for that reason alone.
func TestArchitectureCatches(t *testing.T) {
	const ours = module + "/"
	tests := []struct {
		name  string
		files map[string]string // path → the packages it imports
		want  string            // part of the one breach; empty = none
	}{
		{name: "what is allowed", files: map[string]string{
			"eventlog/log.go":                     "context github.com/google/uuid",
			"domain/orders/decide.go":             ours + "eventlog " + ours + "domain/events/orders gonum.org/v1/gonum/stat",
			"domain/orders/decide_test.go":        "pgregory.net/rapid " + ours + "storage/memory",
			"domain/exposure/exposuresim/sim.go":  ours + "domain/exposure",
			"channels/tiktok/tiktoksim/sim.go":    "golang.org/x/time/rate " + ours + "channels/tiktok/tiktoksim/label",
			"channels/tiktok/tiktoksim/a/a.go":    ours + "channels/tiktok/tiktoksim/b",
			"channels/tiktok/tiktoksim/a_test.go": ours + "channels/tiktok/tiktoksim/label",
			"channels/tiktok/tiktok_test.go":      ours + "channels/tiktok/tiktoksim " + ours + "channels/channelstest",
			"eventlog/eventlogtest/run.go":        "pgregory.net/rapid " + ours + "eventlog",
			"storage/sqlite/log.go":               "modernc.org/sqlite " + ours + "eventlog",
			"demo/demo.go":                        ours + "channels/tiktok/tiktoksim " + ours + "gateway",
			"cmd/creatorflow/main.go":             ours + "demo " + ours + "drill/crash github.com/alecthomas/kong",
			"web/node_modules/odd/odd.go":         "example.com/anything",
			"eventlog/testdata/bad.go":            "example.com/anything",
		}},
		{name: "a rule calls the gateway", files: map[string]string{"domain/orders/decide.go": ours + "gateway"}, want: "upwards"},
		{name: "one module reads another", files: map[string]string{"domain/inventory/decide.go": ours + "domain/orders"}, want: "does not name it"},
		{name: "a module imports its neighbour below", files: map[string]string{"domain/orders/decide.go": ours + "domain/inventory"}, want: "upwards or sideways"},
		{name: "one engine imports another", files: map[string]string{"storage/sqlite/log.go": ours + "storage/memory"}, want: "sideways"},
		{name: "the gateway knows an engine", files: map[string]string{"gateway/routes.go": ours + "storage/sqlite"}, want: "does not name it"},
		{name: "the gateway calls a channel", files: map[string]string{"gateway/routes.go": ours + "channels/tiktok"}, want: "does not name it"},
		{name: "storage pushes to a socket's owner", files: map[string]string{"storage/sqlite/log.go": ours + "gateway"}, want: "upwards"},
		{name: "another's module in a rule", files: map[string]string{"domain/orders/decide.go": "github.com/google/uuid"}, want: "modules of others"},
		{name: "another's module in the log", files: map[string]string{"eventlog/name.go": "golang.org/x/text/unicode/norm"}, want: "modules of others"},
		{name: "an id in a flow", files: map[string]string{"flow/step.go": "github.com/google/uuid"}, want: "modules of others"},
		{name: "gonum outside domain", files: map[string]string{"flow/wait.go": "gonum.org/v1/gonum/stat"}, want: "modules of others"},
		{name: "cgo", files: map[string]string{"eventlog/crc.go": "C"}, want: "modules of others"},
		{name: "connector imports its simulator", files: map[string]string{"channels/tiktok/sign.go": ours + "channels/tiktok/tiktoksim"}, want: "may import a simulator"},
		{name: "simulator imports its connector", files: map[string]string{"channels/tiktok/tiktoksim/sign.go": ours + "channels/tiktok"}, want: "does not name it"},
		{name: "simulator shares types", files: map[string]string{"channels/tiktok/tiktoksim/order.go": ours + "channels"}, want: "does not name it"},
		{name: "simulator's test shares signing", files: map[string]string{"channels/tiktok/tiktoksim/sign_test.go": ours + "channels/tiktok"}, want: "shares nothing"},
		{name: "simulator shares a part with another", files: map[string]string{"channels/shopify/shopifysim/sim.go": ours + "channels/tiktok/tiktoksim/label"}, want: "may import a simulator"},
		{name: "a simulator's part shares types", files: map[string]string{"channels/tiktok/tiktoksim/label/label.go": ours + "channels"}, want: "does not name it"},
		{name: "a simulator's part in its connector", files: map[string]string{"channels/tiktok/sign.go": ours + "channels/tiktok/tiktoksim/label"}, want: "may import a simulator"},
		{name: "a part's test shares signing", files: map[string]string{"channels/tiktok/tiktoksim/label/label_test.go": ours + "channels/tiktok"}, want: "shares nothing"},
		{name: "ingest uses a simulator", files: map[string]string{"ingest/poll.go": ours + "channels/tiktok/tiktoksim"}, want: "may import a simulator"},
		{name: "a contract in the product", files: map[string]string{"storage/sqlite/log.go": ours + "eventlog/eventlogtest"}, want: "is for tests"},
		{name: "a package nobody drew", files: map[string]string{"util/strings.go": "strings"}, want: "package util has no line"},
		{name: "a contract nobody drew", files: map[string]string{"realtime/realtimetest/run.go": "testing"}, want: "no line"},
		{name: "an import nobody drew", files: map[string]string{"gateway/routes.go": ours + "util"}, want: "which has no line"},
		{name: "code in the root", files: map[string]string{"version.go": "strings"}, want: "tests only"},
		{name: "behind a build tag", files: map[string]string{"domain/orders/twin.go": "//go:build twin\n" + ours + "gateway"}, want: "upwards"},
		{name: "too long", files: map[string]string{"eventlog/log.go": strings.Repeat("\n", maxLines)}, want: "split it"},
	}
	rooms, err := readTable(read(t, "ARCHITECTURE.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			sources, err := readSources(tree(test.files))
			if err != nil {
				t.Fatal(err)
			}
			got := breaches(rooms, sources)
			if test.want == "" {
				if len(got) != 0 {
					t.Fatalf("got %q, want no breach", got)
				}
				return
			}
			if !slices.ContainsFunc(got, func(b string) bool { return strings.Contains(b, test.want) }) {
				t.Fatalf("got %q, want a breach that says %q", got, test.want)
			}
		})
	}
}

// tree makes Go files of import lists. A list may begin with a build tag, and
// blank lines in it become lines of the file.
func tree(files map[string]string) fstest.MapFS {
	made := fstest.MapFS{}
	for name, list := range files {
		var b strings.Builder
		if tag, rest, ok := strings.Cut(list, "\n"); ok && strings.HasPrefix(tag, "//") {
			b.WriteString(tag + "\n\n")
			list = rest
		}
		b.WriteString("package p\n")
		for _, imported := range strings.Fields(list) {
			b.WriteString("import _ \"" + imported + "\"\n")
		}
		b.WriteString(strings.Repeat("\n", strings.Count(list, "\n")))
		made[name] = &fstest.MapFile{Data: []byte(b.String())}
	}
	return made
}

func TestArchitectureTableCatches(t *testing.T) {
	tests := []struct{ name, table, want string }{
		{"upwards", "| `a` | low | `b` |\n| `b` | high | – |\n", "room a may import b, which is not above it"},
		{"unknown", "| `a` | low | `nowhere` |\n", "room a may import nowhere, which is not above it"},
		{"itself", "| `a` | low | `a` |\n", "room a may import a, which is not above it"},
		{"twice", "| `a` | low | – |\n| `a` | low | – |\n", "room a has two lines"},
		{"in layers", "| `a` | low | – |\n| `b/x` | mid | `a` |\n| `c` | high | `a` `b/x` |\n| `d` | top | everything |\n", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			rooms, err := readTable(test.table)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(tableFaults(rooms), "; "); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
	for _, broken := range []string{"no table", "| `a` | low | anything goes |\n"} {
		if rooms, err := readTable(broken); err == nil {
			t.Errorf("readTable(%q) = %v, want an error", broken, rooms)
		}
	}
}
