/** JSON over several lines when it is JSON, else the text itself. Numbers stay as they were written. */
export function readable(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  return spread(text);
}

/** Sets valid JSON over lines without parsing its numbers: ids beyond 2^53 must not change. */
export function spread(json: string): string {
  let out = "";
  let depth = 0;
  let inText = false;
  for (let i = 0; i < json.length; i++) {
    const c = json.charAt(i);
    if (inText) {
      out += c;
      if (c === "\\") out += json.charAt(++i);
      else if (c === '"') inText = false;
      continue;
    }
    switch (c) {
      case '"':
        inText = true;
        out += c;
        break;
      case "{":
      case "[": {
        const close = /^\s*[}\]]/.exec(json.slice(i + 1));
        if (close) {
          out += c + close[0].trim();
          i += close[0].length;
        } else {
          depth += 1;
          out += c + line(depth);
        }
        break;
      }
      case "}":
      case "]":
        depth -= 1;
        out += line(depth) + c;
        break;
      case ",":
        out += c + line(depth);
        break;
      case ":":
        out += ": ";
        break;
      case " ":
      case "\n":
      case "\r":
      case "\t":
        break;
      default:
        out += c;
    }
  }
  return out;
}

function line(depth: number): string {
  return `\n${"  ".repeat(depth)}`;
}
