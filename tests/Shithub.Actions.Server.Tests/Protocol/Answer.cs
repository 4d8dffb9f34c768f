using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Shithub.Actions.Protocol;
using Xunit;

namespace Shithub.Actions.Server.Tests.Protocol;

/// <summary>What came back over the wire.</summary>
public sealed record Answer(HttpStatusCode Status, string? ContentType, string Body, HttpResponseHeaders Headers)
{
    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    public string? NextToken => Member("next_token");

    public string? Field => Member("field");

    public string? Detail => Member("detail");

    public static async Task<Answer> PostAsync(HttpClient client, string path, string? token, HttpContent content, string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = content };
        if (token is not null)
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        if (key is not null)
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return await OfAsync(response);
    }

    public static async Task<Answer> GetAsync(HttpClient client, string path, string? token)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (token is not null)
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        using var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return await OfAsync(response);
    }

    public static Task<Answer> PostAsync(HttpClient client, string path, string? token, string body, string? key = null) =>
        PostAsync(client, path, token, new StringContent(body, Encoding.UTF8, "application/json"), key);

    public T Read<T>(JsonTypeInfo<T> type) => JsonSerializer.Deserialize(Body, type)!;

    /// <summary>The status, or a failure that shows the body.</summary>
    public Answer MustBe(HttpStatusCode status)
    {
        Assert.True(Status == status, $"Expected {(int)status}, got {(int)Status}: {Body}");
        return this;
    }

    /// <summary>An RFC 9457 document of that status, which names the field and says something in words.</summary>
    public Answer MustBeProblem(HttpStatusCode status, string? field = null)
    {
        MustBe(status);
        Assert.Equal("application/problem+json", ContentType);
        var problem = Read(ProtocolJson.Default.Problem);
        Assert.Equal((int)status, problem.Status);
        Assert.False(string.IsNullOrWhiteSpace(problem.Title));
        Assert.False(string.IsNullOrWhiteSpace(problem.Detail));
        Assert.Equal(field, problem.Field);
        return this;
    }

    private static async Task<Answer> OfAsync(HttpResponseMessage response) => new(
        response.StatusCode,
        response.Content.Headers.ContentType?.MediaType,
        await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
        response.Headers);

    private string? Member(string name) =>
        Json.ValueKind == JsonValueKind.Object && Json.TryGetProperty(name, out var value) ? value.GetString() : null;
}
