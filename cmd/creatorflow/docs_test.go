package main

import (
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"
)

// mostCommands is how many a newcomer types, at the most, until the first order is in the hub.
const mostCommands = 5

var (
	block = regexp.MustCompile("(?s)```sh\n(creatorflow serve\n.*?)```")
	words = regexp.MustCompile(`"[^"]*"|\S+`)
)

// written are the commands that a page of docs says from nothing to a connected shop, each as its words.
func written(t *testing.T, page string) (commands [][]string) {
	t.Helper()
	text, err := os.ReadFile("../../docs/" + page)
	if err != nil {
		t.Fatal(err)
	}
	found := block.FindStringSubmatch(string(text))
	if found == nil {
		t.Fatalf("%s does not say how to begin", page)
	}
	for line := range strings.Lines(strings.ReplaceAll(found[1], "\\\n", "")) {
		commands = append(commands, split(strings.TrimPrefix(line, "creatorflow ")))
	}
	return commands
}

func split(line string) (all []string) {
	for _, word := range words.FindAllString(line, -1) {
		all = append(all, strings.Trim(word, `"`))
	}
	return all
}

// flags are those of a command, each with its value.
func flags(command []string) map[string]string {
	all := map[string]string{}
	for i, word := range command {
		if strings.HasPrefix(word, "--") {
			all[word] = command[i+1]
		}
	}
	return all
}

// TestFirstOrderByTheDocs types what docs/CHANNEL.md says, with what the simulator gives where the page names the vendor's own, and no
// more: the doctor is green and the shop's first order is in the hub.
func TestFirstOrderByTheDocs(t *testing.T) {
	type object = map[string]any
	for channel, order := range map[string]func(shop *process){
		"tiktok": func(shop *process) {
			shop.ask(http.MethodPost, "/_sim/products", "", object{"product": object{
				"title": "Mug", "skus": []object{{"id": "1729000000000000777", "seller_sku": "MUG", "price": "4.99", "quantity": 10}},
			}}, nil)
			shop.ask(http.MethodPost, "/_sim/orders", "", object{"buyer_name": "Ana", "lines": []object{{"sku_id": "1729000000000000777", "quantity": 1}}}, nil)
		},
		"shopify": func(shop *process) {
			var made struct{ Variants []int64 }
			shop.ask(http.MethodPost, "/_sim/products", "", object{"product": object{
				"title": "Mug", "variants": []object{{"sku": "MUG", "price": "4.99", "quantity": 10}},
			}}, &made)
			shop.ask(http.MethodPost, "/_sim/orders", "", object{"buyer": "Ana", "address": "1 High Street", "lines": []object{{"variant": made.Variants[0], "quantity": 1}}}, nil)
		},
		"amazon": func(shop *process) {
			shop.ask(http.MethodPost, "/_sim/orders", "", object{"buyer_name": "Ana", "lines": []object{{"sku": "MUG", "quantity": 1}}}, nil)
		},
	} {
		t.Run(channel, func(t *testing.T) {
			commands := written(t, channel+".md")
			if len(commands) > mostCommands {
				t.Errorf("%d commands, at most %d: %v", len(commands), mostCommands, commands)
			}
			shop := start(t, "sim", channel)
			eventually(t, "the shop says how to connect it", func() bool { return strings.Contains(shop.out.String(), "curl") })
			_, said, _ := strings.Cut(shop.out.String(), "creatorflow connect ")
			said, _, _ = strings.Cut(said, "\n")
			given := flags(split(said))
			data := t.TempDir()
			var hub *process
			for _, command := range commands {
				switch {
				case command[0] == "serve":
					hub = startHub(t, data, append(command[1:], "--poll", "200ms")...)
				case command[0] == "connect":
					for flag := range flags(command) {
						if _, vendors := given[flag]; !vendors {
							t.Errorf("the page asks for %s, which the shop does not give", flag)
						}
					}
					typed := []string{"connect", channel, "--data", data}
					for flag, value := range given {
						if _, asked := flags(command)[flag]; asked || strings.HasSuffix(flag, "-url") || flag == "--aws-region" { // where a simulator is
							typed = append(typed, flag, value)
						}
					}
					done(t, typed...)
				default:
					if out := done(t, append(command, "--data", data)...); !strings.Contains(out, ": green") {
						t.Errorf("%v says\n%s", command, out)
					}
				}
			}
			order(shop)
			key := strings.TrimSpace(done(t, "key", "make", "test", "--data", data)) // in the browser it is there without
			eventually(t, "the order is in the hub", func() bool {
				var list struct{ Items []struct{ Channel string } }
				hub.ask(http.MethodGet, "/api/v1/orders", key, nil, &list)
				return len(list.Items) == 1 && list.Items[0].Channel == channel
			})
			hub.stop()
			shop.stop()
		})
	}
}
