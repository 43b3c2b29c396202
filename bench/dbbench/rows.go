package dbbench

import (
	"database/sql"
	"encoding/json"
)

// writeJSON is what stands in the columns for metadata and tags.
func writeJSON() (metadataJSON, tagsJSON string, err error) {
	m, err := json.Marshal(metadata)
	if err != nil {
		return "", "", err
	}
	l, err := json.Marshal(tags)
	return string(m), string(l), err
}

func readJSON(metadataJSON, tagsJSON string) error {
	var tags []string
	var metadata map[string]string
	if err := json.Unmarshal([]byte(tagsJSON), &tags); err != nil {
		return err
	}
	return json.Unmarshal([]byte(metadataJSON), &metadata)
}

func readRows(rows *sql.Rows, row func(scan func(...any) error) (string, error)) (list []string, err error) {
	defer rows.Close()
	for rows.Next() {
		text, err := row(rows.Scan)
		if err != nil {
			return nil, err
		}
		list = append(list, text)
	}
	return list, rows.Err()
}
