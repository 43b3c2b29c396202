package report

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Document is the part of one that a command writes, with a chart beside it.
type Document struct {
	Command string // the part is between the lines that Marks gives
	Chart   string // the chart is in a file whose name ends so
}

// Marks gives the lines that the part is between.
func (d Document) Marks() (begin, end string) {
	return fmt.Sprintf("<!-- %[1]s: begin; written by bench/cmd/%[1]s -->", d.Command), fmt.Sprintf("<!-- %s: end -->", d.Command)
}

// ChartPath is where the chart of the document at path is.
func (d Document) ChartPath(path string) string {
	return strings.TrimSuffix(path, filepath.Ext(path)) + d.Chart
}

// Write replaces the part of the document at path, and the chart.
func (d Document) Write(path, part, chart string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	replaced, err := d.replace(string(text), part)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	if err := os.WriteFile(d.ChartPath(path), []byte(chart), 0o644); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(replaced), 0o644)
}

func (d Document) replace(text, part string) (string, error) {
	begin, end := d.Marks()
	before, rest, ok := strings.Cut(text, begin)
	if !ok {
		return "", fmt.Errorf("there is no line %q", begin)
	}
	_, after, ok := strings.Cut(rest, end)
	if !ok {
		return "", fmt.Errorf("there is no line %q after %q", end, begin)
	}
	return before + begin + "\n" + part + end + after, nil
}
