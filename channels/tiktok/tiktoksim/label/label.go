// Package label draws a one-page PDF: bordered lines of text, the way a shipping label is.
package label

import (
	"bytes"
	"fmt"
	"strings"
)

// Sizes are the pages that can be drawn, in PDF points (1/72 inch).
var Sizes = map[string][2]float64{"A6": {297.64, 419.53}, "A5": {419.53, 595.28}}

// PDF draws title and lines on a page of the named size. Letters beyond Latin-1 become "?", lines that do not fit are left out.
func PDF(size, title string, lines []string) ([]byte, error) {
	page, ok := Sizes[size]
	if !ok {
		return nil, fmt.Errorf("label: no page size %q", size)
	}
	width, height := page[0], page[1]
	var draw bytes.Buffer
	fmt.Fprintf(&draw, "0.8 w 12 12 %.2f %.2f re S\n", width-24, height-24)
	fmt.Fprintf(&draw, "BT /F1 15 Tf 22 %.2f Td (%s) Tj ET\n", height-38, escape(title))
	fmt.Fprintf(&draw, "12 %.2f m %.2f %.2f l S\n", height-48, width-12, height-48)
	for i, y := 0, height-66; i < len(lines) && y > 20; i, y = i+1, y-14 {
		fmt.Fprintf(&draw, "BT /F1 10 Tf 22 %.2f Td (%s) Tj ET\n", y, escape(lines[i]))
	}
	objects := []string{
		"<< /Type /Catalog /Pages 2 0 R >>",
		"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
		fmt.Sprintf("<< /Type /Page /Parent 2 0 R /MediaBox [0 0 %.2f %.2f] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>", width, height),
		fmt.Sprintf("<< /Length %d >>\nstream\n%sendstream", draw.Len(), draw.String()),
		"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
	}
	var pdf bytes.Buffer
	pdf.WriteString("%PDF-1.4\n%\xe2\xe3\xcf\xd3\n") // the second line says "binary" to whoever copies the file
	offsets := make([]int, len(objects))
	for i, object := range objects {
		offsets[i] = pdf.Len()
		fmt.Fprintf(&pdf, "%d 0 obj\n%s\nendobj\n", i+1, object)
	}
	xref := pdf.Len()
	fmt.Fprintf(&pdf, "xref\n0 %d\n0000000000 65535 f \n", len(objects)+1)
	for _, offset := range offsets {
		fmt.Fprintf(&pdf, "%010d 00000 n \n", offset)
	}
	fmt.Fprintf(&pdf, "trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n", len(objects)+1, xref)
	return pdf.Bytes(), nil
}

// escape writes a PDF string of Latin-1 bytes.
func escape(text string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case r == '(' || r == ')' || r == '\\':
			out.WriteByte('\\')
			out.WriteRune(r)
		case r >= ' ' && r <= '~':
			out.WriteRune(r)
		case r >= 0xa0 && r <= 0xff:
			fmt.Fprintf(&out, "\\%03o", r)
		default:
			out.WriteByte('?')
		}
	}
	return out.String()
}
