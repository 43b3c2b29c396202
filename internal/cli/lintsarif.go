package cli

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"

	"github.com/go-prompty/prompty/engine"
)

// The parts of SARIF 2.1.0 that a report has; the names are the standard's:
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
type (
	sarifLog struct {
		Schema  string     `json:"$schema"`
		Version string     `json:"version"`
		Runs    []sarifRun `json:"runs"`
	}
	sarifRun struct {
		Tool       sarifTool     `json:"tool"`
		ColumnKind string        `json:"columnKind"`
		Results    []sarifResult `json:"results"`
	}
	sarifTool struct {
		Driver sarifDriver `json:"driver"`
	}
	sarifDriver struct {
		Name           string      `json:"name"`
		Version        string      `json:"version"`
		InformationURI string      `json:"informationUri"`
		Rules          []sarifRule `json:"rules"`
	}
	sarifRule struct {
		ID               string       `json:"id"`
		ShortDescription sarifMessage `json:"shortDescription"`
		FullDescription  sarifMessage `json:"fullDescription"` // these two and a region in each location, GitHub requires
		Help             sarifMessage `json:"help"`
		HelpURI          string       `json:"helpUri"`
		Configuration    sarifLevel   `json:"defaultConfiguration"`
	}
	sarifLevel struct {
		Level string `json:"level"`
	}
	sarifMessage struct {
		Text string `json:"text"`
	}
	sarifResult struct {
		RuleID       string            `json:"ruleId"`
		RuleIndex    int               `json:"ruleIndex"`
		Level        string            `json:"level"`
		Message      sarifMessage      `json:"message"`
		Locations    []sarifLocation   `json:"locations"`
		Fingerprints map[string]string `json:"partialFingerprints"`
	}
	sarifLocation struct {
		Physical sarifPhysical  `json:"physicalLocation"`
		Logical  []sarifLogical `json:"logicalLocations,omitempty"`
	}
	sarifPhysical struct {
		Artifact sarifArtifact `json:"artifactLocation"`
		Region   sarifRegion   `json:"region"`
	}
	sarifArtifact struct {
		URI  string `json:"uri"`
		Base string `json:"uriBaseId,omitempty"`
	}
	sarifRegion struct {
		StartLine   int `json:"startLine"`
		StartColumn int `json:"startColumn"`
	}
	sarifLogical struct {
		FullyQualifiedName string `json:"fullyQualifiedName"`
		Kind               string `json:"kind"`
	}
)

const (
	projectURL = "https://github.com/go-prompty/prompty"
	rulesURL   = projectURL + "/blob/main/docs/lint.md#"
)

// sarif is the report as other tools read it.
func (r *report) sarif() *sarifLog {
	rules := lintRules()
	driver := sarifDriver{Name: "prompty", Version: strings.TrimPrefix(buildOf(debug.ReadBuildInfo()).Version, "v"), InformationURI: projectURL}
	for _, rule := range rules {
		driver.Rules = append(driver.Rules, sarifRule{rule.ID, sarifMessage{rule.Summary}, sarifMessage{rule.Summary + " " + rule.Advice}, sarifMessage{rule.Advice}, rulesURL + rule.ID, sarifLevel{string(rule.Severity)}})
	}
	run := sarifRun{Tool: sarifTool{driver}, ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	root := sourceRoot()
	seen := make(map[string]int)
	for _, f := range r.all() {
		location := f.location(root)
		if f.Rule == ruleStorage {
			location = sarifLocation{Physical: sarifPhysical{artifact(root, r.where), sarifRegion{1, 1}}}
		}
		run.Results = append(run.Results, sarifResult{
			RuleID:       f.Rule,
			RuleIndex:    slices.IndexFunc(rules, func(rule engine.Rule) bool { return rule.ID == f.Rule }),
			Level:        string(f.Severity),
			Message:      sarifMessage{f.Message},
			Locations:    []sarifLocation{location},
			Fingerprints: map[string]string{"promptyFinding/v1": f.fingerprint(seen)},
		})
	}
	return &sarifLog{"https://json.schemastore.org/sarif-2.1.0.json", "2.1.0", []sarifRun{run}}
}

// location is where a finding is: in a file, or else in what is called like the
// prompt.
func (f *finding) location(root string) sarifLocation {
	name := f.Name
	if name == "-" {
		name = "stdin"
	}
	l := sarifLocation{Physical: sarifPhysical{
		Artifact: sarifArtifact{URI: (&url.URL{Path: name}).String(), Base: "%SRCROOT%"},
		Region:   sarifRegion{f.Line, f.Column},
	}}
	if f.File != "" {
		l.Physical.Artifact = artifact(root, f.File)
		l.Physical.Region.StartLine = f.FileLine
	}
	if f.Version > 0 {
		l.Logical = []sarifLogical{{engine.Ref{Name: f.Name, Version: f.Version}.String(), "resource"}}
	}
	return l
}

func artifact(root, file string) sarifArtifact {
	if path, ok := fromRoot(root, file); ok {
		return sarifArtifact{(&url.URL{Path: path}).String(), "%SRCROOT%"}
	}
	path, err := filepath.Abs(file)
	if err != nil {
		path = file
	}
	return sarifArtifact{fileURL(filepath.ToSlash(path)), ""}
}

// fingerprint stays while lines before the finding come and go. Those of one
// prompt that say the same are counted.
func (f *finding) fingerprint(seen map[string]int) string {
	key := f.Rule + "\x00" + f.Name + "\x00" + f.Message
	seen[key]++
	sum := sha256.Sum256([]byte(key + "\x00" + strconv.Itoa(seen[key])))
	return hex.EncodeToString(sum[:16])
}
