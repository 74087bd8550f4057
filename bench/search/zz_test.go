package search

import (
	"os"
	"strconv"
	"testing"
	"time"
)

func TestFill(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("N"))
	b := time.Now()
	m, err := fill(t.Context(), os.Getenv("DIR"), os.Getenv("DBURL"), n, n/10)
	t.Log(m, err, time.Since(b))
}
