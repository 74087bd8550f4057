package easypostsim

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"path"
	"slices"
	"strings"
)

// SetAddress names where the Sim is reached, which stands in the addresses of label files.
func (s *Sim) SetAddress(base string) { defer s.lock()(); s.base = strings.TrimSuffix(base, "/") }

func (s *Sim) fileAddress(l *label) (at, kind string) {
	if s.cfg.PNG {
		return s.base + "/files/" + l.file + ".png", "image/png"
	}
	return s.base + "/files/" + l.file + ".pdf", "application/pdf"
}

// file serves a label to whoever knows its address.
func (s *Sim) file(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("name")
	s.mu.Lock()
	s.counts.Calls["file"]++
	fault := s.next("file")
	at := slices.IndexFunc(s.shipments, func(one *shipment) bool {
		return one.label != nil && one.label.file == strings.TrimSuffix(name, path.Ext(name))
	})
	var lines []string
	if at >= 0 {
		one := s.shipments[at]
		lines = []string{
			one.label.carrier + " " + one.bought.service + " (simulated)", one.label.tracking, text(one.to, "name"), text(one.to, "street1"),
			text(one.to, "city") + " " + text(one.to, "zip"), text(one.to, "country"),
		}
	}
	s.mu.Unlock()
	switch {
	case fault == Garbage:
		_, _ = fmt.Fprint(w, "<html>not a label</html>")
	case fault != "":
		s.fail(w, fault)
	case at < 0:
		http.NotFound(w, r)
	case strings.HasSuffix(name, ".png"):
		w.Header().Set("Content-Type", "image/png")
		_, _ = w.Write(picture(lines[1]))
	default:
		w.Header().Set("Content-Type", "application/pdf")
		_, _ = w.Write(document(lines))
	}
}

// document is a PDF of one page, 4 by 6 inches.
func document(lines []string) []byte {
	var page bytes.Buffer
	page.WriteString("BT /F1 12 Tf 20 400 Td 16 TL\n")
	for _, line := range lines {
		fmt.Fprintf(&page, "(%s) Tj T*\n", strings.NewReplacer(`\`, `\\`, "(", `\(`, ")", `\)`).Replace(line))
	}
	page.WriteString("ET\n")
	parts := []string{
		"<< /Type /Catalog /Pages 2 0 R >>", "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 288 432] /Contents 5 0 R /Resources << /Font << /F1 4 0 R >> >> >>",
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
		fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", page.Len(), page.String()),
	}
	var out bytes.Buffer
	out.WriteString("%PDF-1.4\n")
	var at []int
	for i, part := range parts {
		at = append(at, out.Len())
		fmt.Fprintf(&out, "%d 0 obj\n%s\nendobj\n", i+1, part)
	}
	table := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(parts)+1)
	for _, n := range at {
		fmt.Fprintf(&out, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&out, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(parts)+1, table)
	return out.Bytes()
}

// picture is a PNG with a bar for each bit of a number.
func picture(tracking string) []byte {
	img := image.NewGray(image.Rect(0, 0, 400, 600))
	for x := range 400 {
		ink := color.Gray{Y: 255}
		if digit := tracking[x/4%len(tracking)]; digit>>(x%4)&1 == 1 {
			ink.Y = 0
		}
		for y := range 600 {
			img.SetGray(x, y, ink)
		}
	}
	var out bytes.Buffer
	_ = png.Encode(&out, img) // into memory
	return out.Bytes()
}
