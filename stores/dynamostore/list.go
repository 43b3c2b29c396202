package dynamostore

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/go-prompty/prompty"
)

const (
	mostKeyBytes   = 1024 // of a sort key
	mostConditions = 50   // on tags: DynamoDB takes 300 operators and 4 KB
	listAtOnce     = 8    // names whose older versions are read
)

// List asks for the heads of a prefix, which come in the order of names, and has
// DynamoDB leave out what does not match. What it cannot compare, such as half a
// character, is compared here.
func (r *remote) List(ctx context.Context, query *prompty.TemplateQuery) ([]*prompty.StoredTemplate, error) {
	if len(query.NamePrefix) > mostKeyBytes {
		return nil, nil
	}
	e := newExpression()
	in := &dynamodb.QueryInput{
		TableName: &r.table, ConsistentRead: aws.Bool(true),
		KeyConditionExpression: aws.String(e.name(keyPartition) + " = " + e.value(r.keys.heads())),
	}
	if prefix := validPart(query.NamePrefix); prefix != "" {
		*in.KeyConditionExpression += fmt.Sprintf(" AND begins_with(%s, %s)", e.name(keySort), e.value(text(prefix)))
	}
	filters := []string{e.name(attrLatest) + " > " + e.value(number(0))}
	if s := query.NameContains; s != "" && utf8.ValidString(s) {
		filters = append(filters, fmt.Sprintf("contains(%s, %s)", e.name(attrName), e.value(text(s))))
	}
	if !query.IncludeAllVersions {
		filters = append(filters, e.conditions(query)...)
	}
	in.FilterExpression = aws.String(strings.Join(filters, " AND "))
	in.ExpressionAttributeNames, in.ExpressionAttributeValues = e.names, e.values

	p := &page{query: query, skip: max(query.Offset, 0), left: -1}
	if query.Limit > 0 {
		p.left = query.Limit
		if len(filters) == 1 && p.skip < 1000 && p.left < 1000 {
			in.Limit = aws.Int32(int32(p.skip + p.left)) // do not read a megabyte for ten
		}
	}
	var waiting []*head
	err := r.query(ctx, in, func(it item) (bool, error) {
		h, err := readHead(it, true)
		if err != nil || !query.IncludeAllVersions {
			return err == nil && p.add(h.template), err
		}
		if waiting = append(waiting, h); len(waiting) < listAtOnce {
			return true, nil
		}
		more, err := r.addVersions(ctx, p, waiting)
		waiting = nil
		return more, err
	})
	if err == nil {
		_, err = r.addVersions(ctx, p, waiting)
	}
	return p.list, err
}

// page is what List returns: matches come in order.
type page struct {
	query      *prompty.TemplateQuery
	skip, left int // left -1: no limit
	list       []*prompty.StoredTemplate
}

// add takes what matches, and reports whether there is room for more.
func (p *page) add(t *prompty.StoredTemplate) bool {
	switch {
	case p.left == 0:
	case !p.query.Match(t):
	case p.skip > 0:
		p.skip--
	default:
		p.list = append(p.list, t)
		p.left--
	}
	return p.left != 0
}

// addVersions adds all versions of some names, which it reads at once.
func (r *remote) addVersions(ctx context.Context, p *page, heads []*head) (more bool, err error) {
	if p.left == 0 {
		return false, nil
	}
	enough := -1
	if p.left > 0 {
		enough = p.skip + p.left
	}
	older, errs := make([][]*prompty.StoredTemplate, len(heads)), make([]error, len(heads))
	var wg sync.WaitGroup
	for i, h := range heads {
		if h.deleted.below(h.latest) > 0 {
			wg.Go(func() { older[i], errs[i] = r.older(ctx, h, p.query, enough) })
		}
	}
	wg.Wait()
	for i, h := range heads {
		if errs[i] != nil {
			return false, errs[i]
		}
		for _, t := range append([]*prompty.StoredTemplate{h.template}, older[i]...) {
			if !p.add(t) {
				return false, nil
			}
		}
	}
	return true, nil
}

// older reads the versions below the latest that match, or the first so many.
func (r *remote) older(ctx context.Context, h *head, query *prompty.TemplateQuery, enough int) (list []*prompty.StoredTemplate, err error) {
	e := newExpression()
	in := &dynamodb.QueryInput{
		TableName: &r.table, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false),
		KeyConditionExpression: aws.String(fmt.Sprintf("%s = %s AND %s < %s",
			e.name(keyPartition), e.value(r.keys.versions(h.name)), e.name(keySort), e.value(text(padded(h.latest))))),
	}
	if filters := e.conditions(query); len(filters) > 0 {
		in.FilterExpression = aws.String(strings.Join(filters, " AND "))
	}
	in.ExpressionAttributeNames, in.ExpressionAttributeValues = e.names, e.values
	err = r.query(ctx, in, func(it item) (bool, error) {
		version, err := readNumber(it)
		if err != nil || h.deleted.has(version) {
			return err == nil, err
		}
		t, err := readVersion(it, h.name, version)
		if err == nil && query.Match(t) {
			list = append(list, t)
		}
		return len(list) != enough, err
	})
	return list, err
}

// conditions are those on a version, as far as DynamoDB can compare them.
func (e *expression) conditions(query *prompty.TemplateQuery) (list []string) {
	for attr, want := range map[string]string{attrTenant: query.TenantID, attrCreatedBy: query.CreatedBy} {
		if want != "" && utf8.ValidString(want) {
			list = append(list, e.name(attr)+" = "+e.value(text(want)))
		}
	}
	for i, tag := range query.Tags {
		if tag != "" && utf8.ValidString(tag) && !slices.Contains(query.Tags[:i], tag) && len(list) < mostConditions {
			list = append(list, fmt.Sprintf("contains(%s, %s)", e.name(attrTags), e.value(text(tag))))
		}
	}
	return list
}

// validPart cuts a text where it is no UTF-8.
func validPart(s string) string {
	for i, c := range s {
		if c == utf8.RuneError && !strings.HasPrefix(s[i:], string(utf8.RuneError)) {
			return s[:i]
		}
	}
	return s
}
