package configs

import "strings"

// nearest returns the known word that differs least from word, or "" when none
// is near enough to be meant.
func nearest(word string, known []string) string {
	best, bestDistance := "", len([]rune(word))/4+2
	plain := strings.ToLower(strings.ReplaceAll(word, "-", "_"))
	for _, k := range known {
		d := distance(plain, k)
		if len(plain) >= 3 && strings.HasPrefix(k, plain) {
			d = 1
		}
		if d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

// distance is the number of letters to insert, delete or replace (Levenshtein).
// Long words are all far apart: they are no misspelt keys.
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	const longest = 64
	if len(x) > longest || len(y) > longest {
		return longest
	}
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		diagonal := row[0]
		row[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(y)]
}
