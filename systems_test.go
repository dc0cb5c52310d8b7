package main_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/terraform-provider-signal/terraform-provider-signal/internal/signal"
)

// holds has functions of systems, and the files of ARCHITECTURE.md in which a system has them.
var holds = map[string]string{
	"New": "system.go", "bind": "system.go", "arguments": "arguments.go", "check": "arguments.go", "completion": "states.go",
	"wait": "wait.go", "finder": "find.go", "evidence": "delivered.go",
}

// The systems look alike: each has these functions in the same files, if it has them, and
// describes itself in the order of the fields of signal.System.
func TestSystemsLookAlike(t *testing.T) {
	var order []string
	for field := range reflect.TypeFor[signal.System[struct{}]]().Fields() {
		order = append(order, field.Name)
	}
	systems, err := filepath.Glob("internal/*/system.go")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, system := range systems {
		if filepath.Dir(system) == filepath.FromSlash("internal/signal") {
			continue
		}
		describesItself := false
		files, err := filepath.Glob(filepath.Join(filepath.Dir(system), "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if matched, _ := filepath.Match("*_test.go", filepath.Base(file)); matched {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, declared := range parsed.Decls {
				if function, ok := declared.(*ast.FuncDecl); ok {
					name := function.Name.Name
					if want := holds[name]; want != "" && want != filepath.Base(file) {
						t.Errorf("%s: %s belongs in %s", file, name, want)
					}
					seen[name] = true
				}
			}
			ast.Inspect(parsed, func(node ast.Node) bool {
				if literal, ok := node.(*ast.CompositeLit); ok && describes(literal) {
					var fields []string
					for _, element := range literal.Elts {
						fields = append(fields, element.(*ast.KeyValueExpr).Key.(*ast.Ident).Name)
					}
					if !slices.IsSortedFunc(fields, func(a, b string) int { return slices.Index(order, a) - slices.Index(order, b) }) {
						t.Errorf("%s: the fields of signal.System are %v, not in the order of their declaration", file, fields)
					}
					describesItself = true
				}
				return true
			})
		}
		if !describesItself {
			t.Errorf("%s has no signal.System", filepath.Dir(system))
		}
	}
	for name := range holds {
		if !seen[name] {
			t.Errorf("no system has %s", name)
		}
	}
}

// describes reports whether a literal is a signal.System.
func describes(literal *ast.CompositeLit) bool {
	generic, ok := literal.Type.(*ast.IndexExpr)
	if !ok {
		return false
	}
	name, ok := generic.X.(*ast.SelectorExpr)
	return ok && name.Sel.Name == "System"
}
