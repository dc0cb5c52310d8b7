package matrix

import (
	_ "embed"
	"fmt"
	"strings"
	"text/template"
)

//go:embed what-happens-when.md.tmpl
var page string

// Text is the page of the matrix in Markdown, without its title.
func Text() string {
	var text strings.Builder
	err := template.Must(template.New("").Funcs(template.FuncMap{
		"short": func(resource string) string { return strings.TrimPrefix(resource, "signal_") },
		"code": func(text string) string {
			if text == "" {
				return "none"
			}
			return "`" + text + "`"
		},
		"resending": resending,
	}).Parse(page)).Execute(&text, struct {
		Resources  []string
		Results    []Result
		Sections   []Section
		JobResults []JobResult
		JobRows    []Row
	}{Resources, Results, Sections, JobResults, JobRows()})
	if err != nil {
		panic(err) // The template is at odds with the table.
	}
	return text.String()
}

// String is the cell as the guide has it, such as "sent 2/1".
func (c Cell) String() string {
	requests := fmt.Sprint(c.Requests)
	if c.Requests == Many {
		requests = "n"
	}
	return fmt.Sprintf("%s %s/%d", c.Word, requests, c.Taken)
}

// resending are the rows in which resend_on_unknown makes a difference.
func resending() (rows []Row) {
	for _, section := range Sections {
		for _, row := range section.Rows {
			if len(row.Resending) > 0 {
				rows = append(rows, row)
			}
		}
	}
	return rows
}

// Resend is the cell of a resource type with resend_on_unknown = true.
func (r Row) Resend(resource string) string {
	other, ok := r.Resending[resource]
	if !ok {
		return "no difference"
	}
	if looked, differs := r.Resending[ByJobID]; differs && strings.HasPrefix(ByJobID, resource) {
		return fmt.Sprintf("%s; by `job_id` %s", other, looked)
	}
	return other.String()
}
