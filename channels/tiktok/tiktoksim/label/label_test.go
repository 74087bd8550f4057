package label

import (
	"bytes"
	"testing"
)

func TestPDF(t *testing.T) {
	for size := range Sizes {
		pdf, err := PDF(size, "Zoë (1) \\ ✓", []string{"Łódź", "café"})
		if err != nil || !bytes.HasPrefix(pdf, []byte("%PDF-1.4\n")) || !bytes.HasSuffix(pdf, []byte("%%EOF\n")) {
			t.Errorf("%s: %v, %d bytes", size, err, len(pdf))
		}
		for _, want := range []string{`(Zo\353 \(1\) \\ ?)`, `(?\363d?)`, `(caf\351)`} {
			if !bytes.Contains(pdf, []byte(want)) {
				t.Errorf("%s does not hold %s", size, want)
			}
		}
	}
	if _, err := PDF("A0", "", nil); err == nil {
		t.Error("a size that is not drawn was drawn")
	}
}
