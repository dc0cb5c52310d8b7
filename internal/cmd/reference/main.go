// Command reference writes the pages of documentation that are printed from the
// data that tests check into a folder.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/crash"
	"github.com/terraform-provider-signal/terraform-provider-signal/internal/acctest/matrix"
)

// pages are all pages, by the names of their files.
var pages = []struct{ name, title, text string }{
	{"what-happens-when", "What happens when", matrix.Text()},
	{"what-happens-after-a-crash", "What happens after a crash", crash.Text()},
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: reference FOLDER")
		os.Exit(2)
	}
	for _, page := range pages {
		text := fmt.Sprintf("---\npage_title: %q\nsubcategory: \"Guides\"\ndescription: |-\n  %s, generated from what the tests check.\n---\n\n# %s\n\n%s",
			page.title, page.title, page.title, page.text)
		if err := os.WriteFile(filepath.Join(os.Args[1], page.name+".md"), []byte(text), 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "reference:", err)
			os.Exit(1)
		}
	}
}
