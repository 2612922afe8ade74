using static EpcActors.Hocon.Tests.Harness;

namespace EpcActors.Hocon.Tests;

/// <summary>
/// Groups of texts that mean the same, after the equiv01 … equiv05 groups of the reference implementation.
/// </summary>
public sealed class EquivalenceTests
{
    private const string Machine = """
        {
          "ints": { "forty": 40, "again": 40 },
          "floats": { "half": 40.5, "again": 40.5 },
          "strings": { "word": "abcd", "again": "abcd", "a": "a", "b": "b", "c": "c", "d": "d",
                       "joined": "null bar 42 baz true 3.14 hi" },
          "arrays": { "empty": [], "1": [1], "12": [1, 2], "123": [1, 2, 3], "words": ["a", "b", "c"] },
          "booleans": { "true": true, "again": true, "false": false, "not": false },
          "nulls": { "null": null, "again": null }
        }
        """;

    [Theory]
    [InlineData("comments", """
        {  // behind a brace
          "ints": { # of the other kind
            "forty": 40, ## doubled
            "again": 40 # { } not counted
          },
        ### a block
        /// of two lines
          "floats": { "half": 40.5, "again": 40.5
            // before the end
          },
          "strings": { "word": // before the value
          "abcd", "again": "abcd", "a": "a", "b": "b", "c": "c", "d": "d",
          "joined" # before the colon
        : "null bar 42 baz true 3.14 hi" },
          "arrays": { "empty": [ # in an array
          ], "1": [ 1 // behind an element
          ], "12": [1, // behind a comma
          2], "123": [1, 2, 3], "words": ["a", "b", "c"] },
          "booleans": { "true": true, "again": true, "false": false, "not": false },
          "nulls": { "null": null, "again": null }
        } # at the end
        """)]
    [InlineData("equals signs, no commas, no braces", """
        "ints" = {
          "forty" = 40
          "again" = 40
        }
        "floats" = {
          "half" = 40.5

          "again" = 40.5
        }
        "strings" = { "word" = "abcd"
          "again" = "abcd"
          "a" = "a", "b" = "b"
          "c" = "c"
          "d" = "d"
          "joined" = "null bar 42 baz true 3.14 hi"
        }
        "arrays" = {
          "empty" = []
          "1" = [ 1 ]
          "12" = [1
            2]
          "123" = [

            1

            2
            3 ]
          "words" = [ "a", "b"
            "c"

          ]
        }
        "booleans" = { "true" = true, "again" = true
          "false" = false, "not" = false }
        "nulls" = { "null" = null
        "again" = null }
        """)]
    [InlineData("no separators before braces, no quotes", """
        {
          ints { forty : 40, again : 40 },
          floats
          { half : 40.5, again : 40.5, },
          strings

            {
            word : abcd, again : abcd, a : a, b : b, c : c, d : d,
            joined :   null bar 42 "baz" true 3.14 hi
          },
          arrays       { empty : [], 1 : [ 1, ], 12 : [1, 2], 123 : [1, 2, 3], words : [a, b, c] },
          booleans { true : true, again : true, false : false, not : false },
          nulls { null : null, again : null }
        }
        """)]
    [InlineData("no white space",
        """{"ints":{"forty":40,"again":40},"floats":{"half":40.5,"again":40.5}"""
            + ""","strings":{"word":"abcd","again":"abcd","a":"a","b":"b","c":"c","d":"d","joined":"null bar"""
            + """ 42 baz true 3.14 hi"}"""
            + ""","arrays":{"empty":[],"1":[1],"12":[1,2],"123":[1,2,3],"words":["a","b","c"]}"""
            + ""","booleans":{"true":true,"again":true,"false":false,"not":false}"""
            + ""","nulls":{"null":null,"again":null}}""")]
    [InlineData("paths, like properties, with substitutions", """
        # not a properties file, though it looks like one
        ints.forty=40
        ints.again = ${ints.forty}  // white space around = is nothing
        floats.half=40.5
        floats.again:${floats.half},
        strings.word=abcd
        strings.again : ${strings.a}${strings.b}${strings.c}${strings.d}
        strings.a=a
        strings.b="b",
        strings.c:"c", strings.d:d
        strings.joined=null bar 42 baz true 3.14 hi # makes one string
        arrays."empty"=[]
        arrays."1" : [ 1 ]
        arrays.12 = [
         1
         2
        ]
        arrays.123 = [1,
        2
        3]
        arrays.words = [ ${strings.a}, ${strings.b}, c ]
        booleans.true=true
        "booleans"."again"=${booleans.true}
        booleans.false=false
        booleans."not" : ${booleans.false},
        nulls.null=${nulls.again}
        nulls.again=null
        """)]
    [InlineData("in parts", """
        ints { again = 1 }, ints.forty = 40, ints { again = 40 }
        half = 40.5, floats { half = ${half}, again = ${floats.half} }, floats.x = ${?missing}
        floats.again = ${?missing}
        strings = { word = xyz }, strings = null
        strings = { word = ${strings.again} } { again = abcd }
        strings { joined : null bar 42 baz true 3.14 hi } { a = a, b = b } { c = c, d = d }
        arrays.empty = [] [], arrays { 1 = [1], 12 = ${arrays.1} [2], 123 = [], 123 += 1 }
        arrays.123 += 2
        arrays.123 += 3
        arrays.words = [a] [b] [c]
        booleans { true = true, again = ${booleans.true} } { false = ${f}, not = false }, f = false
        nulls = ${n}, nulls.again = ${nulls.null}, n { null = null }
        """, "half", "f", "n")]
    public void Of_values_of_all_types(string style, string text, params string[] helpers)
    {
        HoconObject root = (HoconObject)Resolve(text);
        IEnumerable<string> fields = root.Where(field => !helpers.Contains(field.Key))
            .Select(field => $"\"{field.Key}\":{field.Value}");
        AssertJson(Machine, Resolve("{" + string.Join(',', fields) + "}"), style);
    }

    [Theory]
    [InlineData("""
        { a.b.c.d : { "k" : 1, "z" : 101 }, a.b.c : { "q" : 301 }, a.b : { "r" : 302 }, a : { "s" : 303 },
          a.b.c.d : { "l" : 2, "z" : 102 }, a.b.c.d.e : 400, a.b.c.d.e : 401 }
        """)]
    [InlineData("""
        {
          a.b.c.d
        : { "k" : 1, "z" : 101 },
          a.b.c
             : { "q" : 301 },
          a.b  :

           { "r" : 302 },

        a

            : { "s" : 303 },
          a.b.c.d


                 : { "l" : 2, "z" : 102 },
          a.b.c.d.e

           : 400,
        a.b.c.d.e

          :

           401

        }
        """)]
    [InlineData("a { s = 303, b { r = 302, c { q = 301, d { e = 401, k = 1, l = 2, z = 102 } } } }")]
    public void Of_paths_as_keys(string text) => AssertReads(text,
        """{"a":{"s":303,"b":{"r":302,"c":{"q":301,"d":{"e":401,"k":1,"l":2,"z":102}}}}}""");

    [Fact]
    public void Of_includes_in_three_formats()
    {
        Dictionary<string, string> files = Files(
            (
                "top/all.conf",
                "letters {\n include \"letters/a.conf\"\n include \"letters/b.json\"\n include \"letters/c\"\n}\n"
                    + "include \"root/foo.conf\""),
            ("top/letters/a.conf", "numbers {\n include \"numbers/1.conf\"\n include \"numbers/2\"\n}\n\na=ok"),
            ("top/letters/b.json", "{ \"b\" : 507 }"),
            ("top/letters/c.conf", "c.fromConf=89\n"),
            ("top/letters/c.properties", "c.fromProp=true\n"),
            ("top/letters/numbers/1.conf", "\"1\"=1\n"),
            ("top/letters/numbers/2.properties", "2=abcd\n"),
            ("top/root/foo.conf", "root=\"at the root\"\n"));

        HoconConfig config = HoconConfig.ParseFile("top/all.conf", Options(files)).Resolve();

        AssertJson("""
            {"letters":{"numbers":{"2":"abcd","1":1},"a":"ok","b":507,"c":{"fromConf":89,"fromProp":"true"}},
             "root":"at the root"}
            """, config.Root, "includes");
    }

    [Theory]
    [InlineData("a=${?NOT_DEFINED_ANYWHERE}\nb=${?also.not.defined.anywhere}\nc=${?a}\n")]
    [InlineData("")]
    [InlineData("{}")]
    public void Of_nothing(string text) => AssertReads(text, "{}");

    [Theory]
    [InlineData("hello", "hello")]
    [InlineData("hello\nworld", "hello\nworld")]
    [InlineData("hello\\nworld", "hello\\nworld")]
    [InlineData("  \n  hello  \n world  \n ", "  \n  hello  \n world  \n ")]
    [InlineData(" \"hello\" ", " \"hello\" ")]
    [InlineData("\"hello\"", "\"hello\"")]
    [InlineData("hello\"", "hello\"")]
    [InlineData("hello\"\"", "hello\"\"")]
    [InlineData("hello\"\"\"\"", "hello\"\"\"\"")]
    [InlineData("\"hello", "\"hello")]
    [InlineData("\"\"hello", "\"\"hello")]
    [InlineData("\"\"", "\"\"")]
    [InlineData("foo\"\"bar", "foo\"\"bar")]
    [InlineData("", "")]
    [InlineData("\\u0041 ${x} # //", "\\u0041 ${x} # //")]
    public void Of_triple_quotes(string inside, string value)
    {
        HoconObject root = (HoconObject)Resolve($"a : \"\"\"{inside}\"\"\"\nb : 1");
        Assert.Equal(value, root["a"].AsString());
        Assert.Equal(1, root["b"].AsInt64());
    }
}
