using System.Globalization;
using System.Text.RegularExpressions;
using EpcActors.Results;
using EpcActors.Scenarios.Text;

namespace EpcActors.Scenarios.Expectations;

/// <summary>
/// Reads expectations: <c>[SUBJECT [NAME]] QUANTITY OPERATOR VALUE</c>, <c>[no] violation RULE</c>,
/// <c>count SUBJECT NAME QUANTITY OPERATOR VALUE OPERATOR NUMBER</c>.
/// </summary>
public static partial class ExpectationParser
{
    private const string Example = "write for example cgroup /pods/web peak <= 24 MiB";

    private static readonly string[] Operators = ["==", "!=", "<", "<=", ">", ">="];

    /// <summary>Reads one; with names, those that it uses must be among them.</summary>
    /// <exception cref="ExpectationException">Something in it is wrong.</exception>
    public static ParsedExpectation Parse(string text, ExpectationNames? names = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        Words words = new(text);
        if (words.IsAtEnd)
        {
            throw words.Wrong("the expectation is empty", Example);
        }

        return words.Peek switch
        {
            "no" or "violation" => Violation(text, words),
            "count" => Count(text, words, names),
            _ => Comparison(text, words, names),
        };
    }

    private static ParsedExpectation Violation(string text, Words words)
    {
        bool isNegated = words.Peek == "no";
        if (isNegated)
        {
            words.Next();
            if (words.IsAtEnd || words.Peek != "violation")
            {
                throw words.Wrong("'no' stands before violation only", "write no violation RULE");
            }
        }

        words.Next();
        if (words.IsAtEnd)
        {
            throw words.Wrong("the rule is missing",
                $"write violation RULE; the rules: {Suggestions.List(Rules.BySeverity, 40)}");
        }

        if (!Rules.BySeverity.Contains(words.Peek))
        {
            throw words.Wrong($"there is no rule '{words.Peek}'", Suggestions.Remedy(words.Peek, Rules.BySeverity));
        }

        string rule = words.Next();
        words.End("a rule");
        return new ParsedExpectation { Text = text, Rule = rule, IsNegated = isNegated };
    }

    private static ParsedExpectation Comparison(string text, Words words, ExpectationNames? names)
    {
        ParsedExpectation parsed = Left(text, words, names);
        parsed = parsed with { Operator = Operator(words, parsed.Quantity!) };
        parsed = parsed with { Value = Value(words, parsed.Quantity!) };
        words.End("the value");
        return parsed;
    }

    private static ParsedExpectation Count(string text, Words words, ExpectationNames? names)
    {
        const string Form = "write for example count enclave large-* outcome == finished >= 1";
        words.Next();
        if (words.IsAtEnd)
        {
            throw words.Wrong("what to count is missing", Form);
        }

        int start = words.Position;
        ParsedExpectation parsed = Left(text, words, names);
        if (parsed.Subject!.Names == NameOf.Nothing)
        {
            throw new ExpectationException(start, $"there is one {parsed.Subject.Word} only: nothing to count", Form);
        }

        parsed = parsed with { Operator = Operator(words, parsed.Quantity!) };
        parsed = parsed with { Value = Value(words, parsed.Quantity!) };
        if (words.IsAtEnd)
        {
            throw words.Wrong("how many is missing", Form);
        }

        string op = Operator(words, null);
        int at = words.Position;
        string number = words.IsAtEnd ? "" : words.Next();
        if (!long.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out long count))
        {
            throw new ExpectationException(at, number.Length == 0 ? "how many is missing"
                : $"'{number}' is not a number of things", Form);
        }

        words.End("the number");
        return parsed with { CountOperator = op, CountValue = ExpectedValue.Of(count) };
    }

    /// <summary>Subject, name and quantity.</summary>
    private static ParsedExpectation Left(string text, Words words, ExpectationNames? names)
    {
        Subject machine = ExpectationTable.Subjects[0];
        string first = words.Peek;
        Subject? named = ExpectationTable.Subjects.FirstOrDefault(one => one.Word == first && one.Names != NameOf.Step);
        Subject subject = named ?? machine;
        string name = "";
        if (named is not null)
        {
            words.Next();
            if (subject.Names != NameOf.Nothing)
            {
                name = Name(words, subject, names);
            }

            if (subject.Names == NameOf.Enclave && !words.IsAtEnd && words.Peek == "step")
            {
                words.Next();
                subject = ExpectationTable.Subjects.First(one => one.Names == NameOf.Step);
                name += " " + Step(words, name, names);
            }
        }

        int at = words.Position;
        List<string> quantity = [];
        while (!words.IsAtEnd && !words.IsOperator)
        {
            quantity.Add(words.Next());
        }

        string key = string.Join('-', quantity);
        if (key.Length == 0)
        {
            throw new ExpectationException(at, $"'{subject.Pattern}' needs a quantity",
                $"allowed: {Suggestions.List(Keys(subject), 40)}");
        }

        return subject.Find(key) is { } found
            ? new ParsedExpectation { Text = text, Subject = subject, Name = name, Quantity = found }
            : throw (named is null
                ? NoSubjectOrQuantity(at, first, quantity, names)
                : NoQuantity(at, subject, quantity, names));
    }

    private static ExpectationException NoSubjectOrQuantity(
        int at, string first, List<string> quantity, ExpectationNames? names)
    {
        // Without a subject the first word may be a subject misspelt, or a quantity of the machine.
        string[] starts = [.. ExpectationTable.Subjects.Select(one => one.Word), "violation", "count",
            .. Keys(ExpectationTable.Subjects[0])];
        bool isSubject = Suggestions.Nearest(first, starts[..(ExpectationTable.Subjects.Count + 2)]) is not null
            && quantity.Count > 1;
        string wrong = isSubject ? first : string.Join(' ', quantity);
        return !isSubject && ExpectationMeant.Remedy(quantity, names) is { } remedy
            ? new ExpectationException(at, $"'{wrong}' is not a quantity of the machine", remedy)
            : new ExpectationException(
                at, $"'{wrong}' is neither a subject nor a quantity of the machine",
                Suggestions.Remedy(isSubject ? first : KeyOf(quantity), starts));
    }

    private static ExpectationException NoQuantity(
        int at, Subject subject, List<string> quantity, ExpectationNames? names)
    {
        string wrong = string.Join(' ', quantity);
        return subject == ExpectationTable.Subjects[0] && ExpectationMeant.Remedy(quantity, names) is { } meant
            ? new ExpectationException(at, $"'{wrong}' is not a quantity of the machine", meant)
            : new ExpectationException(
                at, $"{Article(subject.Word)} has no quantity '{wrong}'",
                Suggestions.Remedy(KeyOf(quantity), [.. Keys(subject)]));
    }

    /// <summary>Words of a quantity as the table would write them.</summary>
    private static string KeyOf(List<string> quantity) => string.Join('-', quantity).Replace('_', '-');

    private static string Name(Words words, Subject subject, ExpectationNames? names)
    {
        if (words.IsAtEnd || words.IsOperator)
        {
            throw words.Wrong($"'{subject.Word}' needs a name",
                $"write {subject.Pattern} QUANTITY OPERATOR VALUE; * stands for any text");
        }

        if (names is not null)
        {
            IReadOnlyList<string> known = subject.Names switch
            {
                NameOf.Cgroup => names.Cgroups,
                NameOf.Guest => names.Guests,
                NameOf.Node => [.. Enumerable.Range(0, names.Nodes)
                    .Select(one => one.ToString(CultureInfo.InvariantCulture))],
                NameOf.Enclave or NameOf.Step or NameOf.Nothing => names.Enclaves,
            };
            string pattern = words.Peek;
            if (!known.Any(one => NamePattern.Matches(pattern, one)))
            {
                string what = subject.Word == "memory" ? "cgroup" : subject.Word;
                int instances = known.Count(one => one.StartsWith(pattern + "-", StringComparison.Ordinal));
                throw words.Wrong(
                    pattern.Contains('*', StringComparison.Ordinal) ? $"no {what} is named like '{pattern}'"
                        : $"there is no {what} '{pattern}'",
                    known.Count == 0 ? $"the scenario has no {what}"
                    : instances > 0 ? $"write {pattern}-* for its {instances} instances"
                    : Suggestions.Remedy(pattern, [.. known]));
            }
        }

        return words.Next();
    }

    /// <summary>A step of the enclaves named; * for all steps.</summary>
    private static string Step(Words words, string enclaves, ExpectationNames? names)
    {
        const string Form = "write enclave NAME step STEP QUANTITY OPERATOR VALUE";
        if (words.IsAtEnd || words.IsOperator)
        {
            throw words.Wrong("'step' needs the name or number of a step", Form);
        }

        if (names is not null)
        {
            string[] known = [.. names.Enclaves.Where(one => NamePattern.Matches(enclaves, one))
                .SelectMany(names.StepsOf).Distinct()];
            string pattern = words.Peek;
            if (!known.Any(one => NamePattern.Matches(pattern, one)))
            {
                throw words.Wrong($"there is no step '{pattern}' in {enclaves}", Suggestions.Remedy(pattern, known));
            }
        }

        return words.Next();
    }

    /// <param name="words">Words at the position of the operator.</param>
    /// <param name="quantity">Quantity that it compares; null for a count.</param>
    private static string Operator(Words words, Quantity? quantity)
    {
        if (words.IsAtEnd)
        {
            throw words.Wrong("the comparison is missing", $"allowed: {string.Join(' ', Operators)}");
        }

        string op = words.Peek;
        if (!Operators.Contains(op))
        {
            string meant = op switch
            {
                "=" or "===" => "==",
                "=<" => "<=",
                "=>" => ">=",
                "<>" or "!" => "!=",
                _ => "",
            };
            string list = $"allowed: {string.Join(' ', Operators)}";
            throw words.Wrong($"'{op}' is not a comparison", meant.Length == 0 ? list
                : $"did you mean '{meant}'? ({list})");
        }

        if (quantity is { Kind: ValueKind.Word } && op is not ("==" or "!="))
        {
            throw words.Wrong($"{quantity.Name} is a word, which is neither more nor less than another",
                "write == or !=");
        }

        return words.Next();
    }

    private static ExpectedValue Value(Words words, Quantity quantity)
    {
        int at = words.Position;
        List<string> parts = [];
        while (!words.IsAtEnd && !words.IsOperator)
        {
            parts.Add(words.Next());
        }

        string text = string.Join(' ', parts);
        if (text.Length == 0)
        {
            throw new ExpectationException(at, "the value is missing",
                $"write for example {ValueReader.Example(quantity)}");
        }

        return ValueReader.Read(quantity, text, at);
    }

    private static IEnumerable<string> Keys(Subject subject) => subject.Quantities.Select(one => one.Name);

    private static string Article(string word) => word is "ksgxd" ? word : (word[0] is 'a' or 'e' ? "an " : "a ")
        + word;

    [GeneratedRegex("[=!<>]+|[^\\s=!<>]+")]
    private static partial Regex Token();

    /// <summary>The words and operators of a text, one after the other.</summary>
    private sealed class Words(string text)
    {
        private readonly IReadOnlyList<Match> _tokens = Token().Matches(text);
        private int _next;

        public bool IsAtEnd => _next == _tokens.Count;

        public string Peek => _tokens[_next].Value;

        public bool IsOperator => Peek[0] is '=' or '!' or '<' or '>';

        /// <summary>Position of the next word; after the last, the end of the text.</summary>
        public int Position => IsAtEnd ? text.TrimEnd().Length : _tokens[_next].Index;

        public string Next() => _tokens[_next++].Value;

        public ExpectationException Wrong(string problem, string remedy) => new(Position, problem, remedy);

        public void End(string what)
        {
            if (!IsAtEnd)
            {
                throw Wrong($"nothing may follow {what}; found '{Peek}'",
                    "one expectation has one comparison: put a second one in a string of its own");
            }
        }
    }
}
