namespace EpcActors.Cli.Terminal;

/// <summary>Messages of the system, without the full names of temporary files that the runtime adds.</summary>
internal static class SystemErrors
{
    /// <summary>Whether the system has refused to read or to write.</summary>
    public static bool IsOne(Exception error) =>
        error is IOException or UnauthorizedAccessException || IsTooLarge(error);

    /// <summary>A clause for the end of a sentence, without a full stop.</summary>
    public static string Reason(Exception error) => error switch
    {
        _ when IsTooLarge(error) => "it would be larger than 'ulimit -f' or the file system allows",
        UnauthorizedAccessException => "this user may not",
        DirectoryNotFoundException or FileNotFoundException => "there is no such folder",
        _ when error.Message.IndexOf(" : '", StringComparison.Ordinal) is > 0 and var end => error.Message[..end],
        _ => error.Message.TrimEnd('.'),
    };

    /// <summary>The runtime's answer to EFBIG.</summary>
    private static bool IsTooLarge(Exception error) => error is ArgumentOutOfRangeException { ParamName: "value" };
}
