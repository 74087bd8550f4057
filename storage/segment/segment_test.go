package segment

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/creatorflow/creatorflow/eventlog/record"
	"github.com/creatorflow/creatorflow/eventlog/seal"
)

var (
	march  = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	log    = uuid.MustParse("019b0000-0000-7000-8000-000000000001")
	before = [32]byte{7}
)

func stream(n int) record.Stream {
	return record.Stream{Workspace: "main", Kind: "counter", ID: fmt.Sprint(n)}
}

// month makes commits of up to 5 records of a few streams, from a position on.
func month(rng *rand.Rand, first record.Position, n, streams int) (Header, []record.Stored) {
	h := Header{Log: log, Month: MonthOf(march.UnixMicro()), First: first, Last: first + record.Position(n) - 1, Before: before}
	versions := map[int]record.Version{}
	var all []record.Stored
	last := before
	for len(all) < n {
		at := march.Add(time.Duration(len(all)) * time.Minute).UnixMicro()
		if len(all) > 0 && rng.IntN(20) == 0 {
			at -= 40 * 24 * time.Hour.Microseconds() // the clock was set back
		}
		digest, begin := seal.NewDigest(), len(all)
		for range min(1+rng.IntN(5), n-len(all)) {
			of := rng.IntN(streams)
			if versions[of] == 0 {
				versions[of] = record.Version(of) // it began earlier
			}
			versions[of]++
			s := record.Stored{
				Position: first + record.Position(len(all)), Stream: stream(of), Version: versions[of], ID: uuid.UUID{byte(len(all)), 9},
				Name: "test.added", Schema: 1 + rng.IntN(2), At: at, Occurred: at - rng.Int64N(1000), Actor: "user:ana",
				Cause: fmt.Sprint("inbox:", rng.IntN(9)), Data: []byte(`{"n":1,"note":"` + strings.Repeat("x", rng.IntN(40)) + `"}`),
			}
			crc, body := s.Sums()
			s.CRC = s.Tail().CRC(crc)
			digest.Add(body, s.Tail())
			all = append(all, s)
		}
		last = seal.Next(last, int64(all[begin].Position), at, digest.Sum())
		all[len(all)-1].Seal = bytes.Clone(last[:])
	}
	h.After = last
	return h, all
}

func written(t testing.TB, h Header, all []record.Stored) ([]byte, Entry) {
	t.Helper()
	var file bytes.Buffer
	w, err := NewWriter(&file, h)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if err := w.Add(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	e, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return file.Bytes(), e
}

func opens(t testing.TB, file []byte) *Reader {
	t.Helper()
	r, err := Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestComesBack reads what was written, by position and by stream, in pages of any size.
func TestComesBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		n := rapid.SampledFrom([]int{1, 2, 63, 64, 65, 1500}).Draw(t, "records")
		streams := rapid.SampledFrom([]int{1, 3, 700}).Draw(t, "streams")
		first := record.Position(rapid.IntRange(1, 1000).Draw(t, "first"))
		h, all := month(rng, first, n, streams)
		var file bytes.Buffer
		w, err := NewWriter(&file, h)
		if err != nil {
			t.Fatal(err)
		}
		byStream := map[record.Stream][]record.Stored{}
		for i := range all {
			if err := w.Add(&all[i]); err != nil {
				t.Fatal(err)
			}
			byStream[all[i].Stream] = append(byStream[all[i].Stream], all[i])
		}
		entry, err := w.Close()
		if err != nil {
			t.Fatal(err)
		}
		r, err := Open(bytes.NewReader(file.Bytes()), int64(file.Len()))
		if err != nil {
			t.Fatal(err)
		}
		if r.Entry() != entry || entry.Header != h || entry.Bytes != int64(file.Len()) {
			t.Fatalf("it says it is %+v, written was %+v", r.Entry(), entry)
		}
		if err := r.Verify(t.Context()); err != nil {
			t.Fatal(err)
		}
		page := rapid.SampledFrom([]int{1, 7, 256, 300, 5000}).Draw(t, "page")
		var got []record.Stored
		for after := first - 1; ; {
			records, err := r.ReadAll(after, page)
			if err != nil {
				t.Fatal(err)
			}
			if len(records) == 0 {
				break
			}
			got = append(got, records...)
			after += record.Position(len(records))
		}
		if !reflect.DeepEqual(got, all) {
			t.Fatalf("%d records came back otherwise than they went in", len(all))
		}
		for s, want := range byStream {
			run, ok, err := r.Find(s)
			if err != nil || !ok || run.First != want[0].Version || run.Last != want[len(want)-1].Version {
				t.Fatalf("%s: %+v, %t, %v", s, run, ok, err)
			}
			var got []record.Stored
			for after := run.First - 1; after < run.Last; after = got[len(got)-1].Version {
				records, err := r.ReadRun(run, after, page)
				if err != nil || len(records) == 0 {
					t.Fatalf("%s after %d: %d records, %v", s, after, len(records), err)
				}
				got = append(got, records...)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s came back otherwise than it went in", s)
			}
		}
		if _, ok, err := r.Find(stream(-1)); ok || err != nil {
			t.Fatalf("a stream that is not there: %t, %v", ok, err)
		}
	})
}

// TestEveryByteCounts changes each byte in turn: opening, a read or Verify tells, and no read gives
// something else.
func TestEveryByteCounts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	h, all := month(rng, 5, 260, 12)
	file, _ := written(t, h, all)
	told := map[string]int{}
	for i := range file {
		bit := byte(1) << rng.IntN(8)
		file[i] ^= bit
		where, err := wholeRead(t, file, all)
		if err == nil {
			t.Errorf("nothing tells of a change of byte %d", i)
		} else if !errors.Is(err, record.ErrCorrupt) {
			t.Errorf("byte %d: %v, want ErrCorrupt", i, err)
		}
		told[where]++
		file[i] ^= bit
	}
	if told["open"] == 0 || told["read"] == 0 || told["stream"] == 0 || told["verify"] == 0 {
		t.Errorf("changes were told by %v, want some by each", told)
	}
	for n := range file {
		if r, err := Open(bytes.NewReader(file[:n]), int64(n)); err == nil {
			t.Fatalf("the first %d bytes of %d opened as %+v", n, len(file), r.Entry())
		}
	}
}

// wholeRead reads all there is, and says what failed first.
func wholeRead(t *testing.T, file []byte, all []record.Stored) (where string, err error) {
	r, err := Open(bytes.NewReader(file), int64(len(file)))
	if err != nil {
		return "open", err
	}
	got, err := r.ReadAll(all[0].Position-1, len(all))
	if err != nil {
		return "read", err
	}
	if !reflect.DeepEqual(got, all) && r.Entry().First == all[0].Position {
		t.Error("records came back changed")
	}
	for n := range 12 {
		run, ok, err := r.Find(stream(n))
		if err == nil && ok {
			_, err = r.ReadRun(run, 0, len(all))
		}
		if err != nil {
			return "stream", err
		}
	}
	return "verify", r.Verify(t.Context())
}

// TestWriterRefuses gives the writer what is not the month that it was told.
func TestWriterRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(h *Header, all []record.Stored)
	}{
		{"a hole", func(_ *Header, all []record.Stored) { all[10].Position++ }},
		{"a changed record", func(_ *Header, all []record.Stored) { all[10].Data = []byte(`{}`) }},
		{"a missing seal", func(_ *Header, all []record.Stored) {
			for i := range all {
				if all[i].Seal != nil {
					all[i].Seal = nil
					return
				}
			}
		}},
		{"another seal before", func(h *Header, _ []record.Stored) { h.Before[0]++ }},
		{"another seal after", func(h *Header, _ []record.Stored) { h.After[0]++ }},
		{"one too few", func(h *Header, _ []record.Stored) { h.Last++ }},
		{"one too many", func(h *Header, _ []record.Stored) { h.Last-- }},
		{"another month", func(h *Header, _ []record.Stored) { h.Month-- }},
		{"a later month", func(h *Header, _ []record.Stored) { h.Month++ }},
	} {
		t.Run(test.name, func(t *testing.T) {
			h, all := month(rand.New(rand.NewPCG(1, 2)), 1, 30, 3)
			test.change(&h, all)
			w, err := NewWriter(&bytes.Buffer{}, h)
			for i := range all {
				if err == nil {
					err = w.Add(&all[i])
				}
			}
			if err == nil {
				_, err = w.Close()
			}
			if err == nil {
				t.Error("it was taken")
			}
		})
	}
}

// TestVerifyKnowsTheIndex has a file whose sums are right and whose index is not.
func TestVerifyKnowsTheIndex(t *testing.T) {
	h, all := month(rand.New(rand.NewPCG(1, 2)), 1, 600, 5)
	var file bytes.Buffer
	w, err := NewWriter(&file, h)
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		if err := w.Add(&all[i]); err != nil {
			t.Fatal(err)
		}
	}
	f := w.streams[keyOf(stream(3))]
	f.places = f.places[:1]
	if _, err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := opens(t, file.Bytes()).Verify(t.Context()); !errors.Is(err, record.ErrCorrupt) {
		t.Errorf("verify says %v, want ErrCorrupt", err)
	}
}

func TestMonth(t *testing.T) {
	for _, test := range []struct {
		at   string
		want string
	}{
		{"2026-03-01T00:00:00Z", "2026-03"}, {"2026-02-28T23:59:59.999999Z", "2026-02"}, {"2025-12-31T23:59:59Z", "2025-12"}, {"1969-12-31T23:00:00Z", "1969-12"},
	} {
		at, err := time.Parse(time.RFC3339Nano, test.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := MonthOf(at.UnixMicro()).String(); got != test.want {
			t.Errorf("%s is of %s, want %s", test.at, got, test.want)
		}
	}
}

// FuzzReader opens what nobody wrote, and takes it for what is inside of frames, to which their checksums
// let nothing pass that chance could make.
func FuzzReader(f *testing.F) {
	h, all := month(rand.New(rand.NewPCG(1, 2)), 5, 6, 2) // small: large inputs take all time to make smaller
	file, _ := written(f, h, all)
	r := opens(f, file)
	for i, b := range r.blocks[:len(r.blocks)-1] {
		content, err := r.frame(b.at, r.blocks[i+1].at-b.at)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	at := number(file[len(file)-footerSize:])
	for _, p := range append(r.streams, part{at: at, bytes: len(file) - footerSize - int(at)}) {
		content, err := r.frame(p.at, int64(p.bytes))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	// With the directory's checksum wrong: what zstd does differs from run to run, and the fuzzer takes
	// each such difference for news.
	file = bytes.Clone(file)
	file[at+frameHead-1]++
	f.Add(file)
	f.Fuzz(func(t *testing.T, content []byte) {
		if r, err := Open(bytes.NewReader(content), int64(len(content))); err == nil {
			_, _ = r.ReadAll(0, 1000)
			_ = r.Verify(t.Context())
		}
		bare := &Reader{entry: Entry{Header: h}}
		_ = bare.directory(content, at)
		for c := (cursor{rest: content}); len(c.rest) > 0; {
			r.found(&c)
		}
		each, err := newRecords(content, r.blocks[0], r.blocks[1].first)
		for err == nil {
			body, ok := each.next()
			if !ok {
				break
			}
			each.of(body, stream(1))
			var s record.Stored
			err = each.into(body, &s, &s)
		}
	})
}
