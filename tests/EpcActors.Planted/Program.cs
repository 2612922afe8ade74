using EpcActors.Planted;

const int Usage = 64;

if (args is ["judge", string tree, string results])
{
    // The process that Workshop starts: the suite on the assemblies beside this one.
    File.WriteAllLines(results, Suite.Run(tree, where => Console.WriteLine($"    {where}")).Select(Workshop.Write));
    return 0;
}

string root = FindRoot();
try
{
    return args switch
    {
        ["list"] => List(),
        ["check"] => CheckPatches(),
        ["run", .. string[] rest] => Run(rest),
        _ => Help(),
    };
}
catch (DefectException failure)
{
    Console.Error.WriteLine(failure.Message);
    return 1;
}

int List()
{
    foreach (Defect defect in Defect.All(root))
    {
        Console.WriteLine($"{defect.Name,-32} {defect.Title}");
    }

    return 0;
}

int CheckPatches()
{
    foreach (Defect defect in Defect.All(root))
    {
        defect.Apply(root);
    }

    Console.WriteLine("every patch applies");
    return 0;
}

int Run(string[] rest)
{
    bool writes = rest.Contains("--write");
    string[] names = [.. rest.Where(one => one != "--write")];
    IReadOnlyList<Defect> all = Defect.All(root);
    List<Defect> chosen = [.. all.Where(defect => names.Length == 0 || Array.Exists(names, defect.IsCalled))];
    if (chosen.Count == 0 || (writes && chosen.Count < all.Count))
    {
        Console.Error.WriteLine(chosen.Count == 0 ? $"no defect is called {string.Join(" or ", names)}; 'list' names "
            + "them" : "--write: the table needs all of them");
        return Usage;
    }

    Workshop workshop = new(root, Console.WriteLine);
    workshop.Open();
    Console.WriteLine("0/0 the tree as it is");
    Outcome clean = workshop.Judge(null);
    if (clean.Failure is not null || clean.Broken.Count > 0)
    {
        Console.WriteLine(Table.Describe(clean));
        throw new DefectException("without a defect the suite has to pass: what breaks here says nothing of defects");
    }

    List<Outcome> outcomes = [];
    foreach (Defect defect in chosen)
    {
        Console.WriteLine($"{outcomes.Count + 1}/{chosen.Count} {defect.Name}: {defect.Title}");
        outcomes.Add(workshop.Judge(defect));
        Console.WriteLine(Table.Describe(outcomes[^1]));
    }

    Console.WriteLine();
    Console.WriteLine(Table.Markdown(outcomes));
    if (writes)
    {
        Table.WriteInto(root, outcomes);
        Console.WriteLine($"{Table.Document} has the table");
    }

    return outcomes.Exists(outcome => outcome.Failure is not null) ? 1 : 0;
}

static int Help()
{
    Console.Error.WriteLine(
        """
        Plants defects in a copy of the sources, and says which rules of the oracle they break.

          run [NAME...] [--write]   all defects, or those whose names begin so; --write puts the table into
                                    docs/oracle.md
          list                      names and titles
          check                     whether every patch still applies
        """);
    return Usage;
}

static string FindRoot()
{
    for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
    {
        // The copy in artifacts/planted has a solution file too, and is none to plant in.
        bool hasSolution = File.Exists(Path.Combine(at.FullName, "EpcActors.sln"));
        if (hasSolution && Directory.Exists(Path.Combine(at.FullName, "docs")))
        {
            return at.FullName;
        }
    }

    throw new DefectException("EpcActors.sln is in no directory above this program");
}
