package matrix

import (
	_ "embed"
	"fmt"
	"strings"
	"text/template"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/systems"
)

//go:embed what-happens-when.md.tmpl
var page string

// Text returns the page of the matrix in Markdown, without its title.
func Text() string {
	var text strings.Builder
	err := template.Must(template.New("").Funcs(template.FuncMap{
		"code": func(text string) string {
			if text == "" {
				return "none"
			}
			return "`" + text + "`"
		},
		"resending": resending,
		"written":   written,
		"resent":    resentCell,
	}).Parse(page)).Execute(&text, struct {
		Signals    []systems.System
		Results    []Result
		Sections   []Section
		JobResults []JobResult
		JobRows    []Row
		Waits      []WaitResult
		WaitRows   []Row
	}{systems.Signals(), Results, Sections, JobResults, JobRows(), WaitResults, WaitRows()})
	if err != nil {
		panic(err) // The template does not fit the table.
	}
	return text.String()
}

// written returns the cell as in the guide, such as "sent 2/1".
func written(c Cell) string {
	requests := fmt.Sprint(c.Requests)
	if c.Requests == Many {
		requests = "n"
	}
	return fmt.Sprintf("%s %s/%d", c.Word, requests, c.Taken)
}

// resending returns the rows in which resend_on_unknown makes a difference.
func resending() (rows []Row) {
	for _, section := range Sections {
		for _, row := range section.Rows {
			if row.Resending != nil {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// resentCell returns the cell of a resource with resend_on_unknown = true.
func resentCell(row Row, y systems.System) string {
	cell, differs := row.Resend(y)
	if !differs {
		return "no difference"
	}
	text := written(cell)
	for _, other := range systems.All {
		if looked, _ := row.Resend(other); other.Type == y.Type && written(looked) != text {
			text += fmt.Sprintf("; %s %s", other.Variant, written(looked))
		}
	}
	return text
}
