// What a Go program does by default: the variables of the environment name the proxy and the roots.
package main

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
)

func main() {
	held := os.Getenv("NOTION_ACCESS_TOKEN")
	for _, method := range []string{"GET", "POST", "POST"} {
		body := strings.Repeat("x", 100000)
		request, _ := http.NewRequest(method, "https://api.notion.test/v1/users/me", strings.NewReader(body))
		request.Header.Set("Authorization", "Bearer "+held)
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		io.Copy(io.Discard, answer.Body)
		answer.Body.Close()
		fmt.Println(held, answer.Proto, answer.StatusCode)
	}
}
