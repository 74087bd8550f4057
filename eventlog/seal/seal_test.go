package seal

import (
	"encoding/hex"
	"testing"
)

// TestFormat holds the example of docs/log-format.md: stored logs depend on every byte of it.
func TestFormat(t *testing.T) {
	body := Body{
		Workspace: "main", Kind: "order", Stream: "tiktok-1:8231",
		ID:   [16]byte{0x01, 0x9b, 0x00, 0x00, 0x00, 0x00, 0x70, 0x00, 0x80, 0, 0, 0, 0, 0, 0, 1},
		Name: "order.placed", Schema: 1, Actor: "channel:tiktok-1", Cause: "inbox:7", Data: []byte(`{"order":"tiktok-1:8231"}`),
	}
	tail := Tail{Version: 1, At: 1_790_000_000_000_000, Occurred: 1_789_999_999_000_000}
	crc, sum := body.Sums()
	digest := NewDigest()
	digest.Add(sum, tail)
	digested := digest.Sum()
	sealed := Next([32]byte{}, 1, tail.At, digested)
	tailBytes := tail.bytes()
	hash := [32]byte{}
	for i := range hash {
		hash[i] = byte(i)
	}
	answer := Answer{Caller: "user:ana", ID: body.ID, Hash: hash, At: tail.At, Version: 3, Result: []byte(`{"sum":5}`)}
	answered := answer.Sum(7, 8)
	snapshot := Snapshot{Workspace: "main", Kind: "stock", Stream: "85123A", Fold: "stock", Schema: 1, Version: 700, At: tail.At, Data: []byte(`{"on_hand":5}`)}
	kept := snapshot.Sum()
	for name, hexes := range map[string][2]string{
		"body":     {hex.EncodeToString(body.append(nil)), wantBody},
		"tail":     {hex.EncodeToString(tailBytes[:]), wantTail},
		"sum":      {hex.EncodeToString(sum[:]), wantSum},
		"digest":   {hex.EncodeToString(digested[:]), wantDigest},
		"seal":     {hex.EncodeToString(sealed[:]), wantSeal},
		"answer":   {hex.EncodeToString(answered[:]), wantAnswer},
		"snapshot": {hex.EncodeToString(kept[:]), wantSnapshot},
	} {
		if hexes[0] != hexes[1] {
			t.Errorf("%s is\n%s, want\n%s", name, hexes[0], hexes[1])
		}
	}
	if got := tail.CRC(crc); got != wantCRC {
		t.Errorf("CRC is %#x, want %#x", got, wantCRC)
	}
}

// TestJSON checks that only JSON's own escapes are made.
func TestJSON(t *testing.T) {
	got, err := JSON(map[string]string{"a": "<&>\n"})
	if err != nil || string(got) != `{"a":"<&>\n"}` {
		t.Errorf("got %s, %v", got, err)
	}
	if _, err := JSON(make(chan int)); err == nil {
		t.Error("a channel was encoded")
	}
	if got, err := JSON(1); err != nil || string(got) != "1" {
		t.Errorf("after a failure: got %s, %v", got, err)
	}
}

// Made by the program in docs/log-format.md, not by this package.
const (
	wantBody   = "000000046d61696e000000056f726465720000000d74696b746f6b2d313a38323331019b00000000700080000000000000010000000c6f726465722e706c6163656400000001000000106368616e6e656c3a74696b746f6b2d3100000007696e626f783a3700000000000000197b226f72646572223a2274696b746f6b2d313a38323331227d"
	wantTail   = "000000000000000100065bfeda25e00000065bfeda169dc0"
	wantSum    = "91decdc784faa2cb432dc605b43d78a81b54efcf716f38aa3472c504554e7428"
	wantDigest = "6898ba9813eca5781499324b64610784919cf9d6d70b709cf140ef818e397254"
	wantSeal   = "c309eec98bfb455d952bac993b3450bccca3ca7df340b1021581fd55ca2659ee"
	wantAnswer = "adc5e0043df900be38e0e8c612929991fcd955af1847d0a3dfc0278e549ea170"
	wantCRC    = 0xb7606615

	wantSnapshot = "7e795a5df82f6fcf7fbba9019ae337edae9a4945c23515b6440b39915d16a49c"
)
