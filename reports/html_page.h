/* The fixed parts of the HTML page: its style and its script, both inline so that the page is one file. */
#ifndef REPORTS_HTML_PAGE_H
#define REPORTS_HTML_PAGE_H

extern const char html_style[];
extern const char html_script[];

#endif
