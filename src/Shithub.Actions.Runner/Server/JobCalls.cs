using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Microsoft.Extensions.Logging;
using Polly;
using Polly.Retry;
using Shithub.Actions.Protocol;
using Shithub.Actions.Runner.Jobs;
using Shithub.Actions.Runner.Leases;
using Shithub.Actions.Runner.Logs;
using Shithub.Actions.Workflows;

namespace Shithub.Actions.Runner.Server;

/// <summary>
/// The calls of one attempt. Each spends the token that the one before it returned, so they go out one after the other. A call is
/// repeated, with the same <c>Idempotency-Key</c>, until it is answered or the lease is over; an answer that says the attempt is over
/// ends the attempt's lifetime and throws <see cref="OperationCanceledException"/> here.
/// </summary>
internal sealed partial class JobCalls : IJobReport, IDisposable
{
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(20);
    private readonly HttpClient _http;
    private readonly AttemptLifetime _lifetime;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _turn = new(1, 1);
    private readonly ResiliencePipeline _retry;
    private string? _token;
    private int _masksTold;
    private long _lastCall;

    public JobCalls(HttpClient http, string token, AttemptLifetime lifetime, TimeProvider time, ILogger logger)
    {
        (_http, _token, _lifetime, _time, _logger) = (http, token, lifetime, time, logger);
        _lastCall = time.GetTimestamp();
        _retry = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<ServerUnavailableException>(),

                // The lease's end is the limit, not a count.
                MaxRetryAttempts = int.MaxValue,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = TimeSpan.FromMilliseconds(100),
                MaxDelay = TimeSpan.FromSeconds(5),
                OnRetry = arguments =>
                {
                    if (arguments.AttemptNumber == 0)
                        Retrying(logger, lifetime.JobId, arguments.Outcome.Exception?.Message ?? "");
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
    }

    /// <summary>How long ago the last call succeeded: tokens live for 15 minutes.</summary>
    public TimeSpan Idle => _time.GetElapsedTime(Volatile.Read(ref _lastCall));

    public Task ReportStepAsync(
        long stepId, string status, string? conclusion, IReadOnlyList<StepAnnotation>? annotations = null, string? summary = null) => StatusAsync(
        $"api/v1/jobs/{_lifetime.JobId}/steps/{stepId}/status",
        new StatusRequest(status, conclusion) { Annotations = annotations is { Count: > 0 } ? annotations : null, Summary = summary });

    public Task ReportJobAsync(
        string status, string conclusion, JobOutputs outputs, IReadOnlyList<JobImage> images, IReadOnlyList<StepAnnotation> notes)
    {
        var request = new StatusRequest(status, conclusion)
        {
            Images = images.Count > 0 ? images : null,
            Notes = notes.Count > 0 ? notes : null,
        };
        if (outputs.Values.Count > 0) request = request with { Outputs = outputs.Values, TaintedOutputs = outputs.Tainted };
        return StatusAsync($"api/v1/jobs/{_lifetime.JobId}/status", request);
    }

    public async Task<bool> AppendLogAsync(long? stepId, int seq, ReadOnlySequence<byte> chunk, JobMasks masks)
    {
        var told = 0;
        var answer = await CallAsync(
            $"api/v1/jobs/{_lifetime.JobId}/logs",
            () =>
            {
                // In this call's turn: two logs never tell the same, and what is told is told before anything that it hides.
                var added = masks.AddedAfter(_masksTold);
                told = _masksTold + added.Count;
                var rest = new AppendLogRequest(seq, null, stepId, added.Count == 0 ? null : added);
                return () => new LogChunkContent(rest, chunk);
            },
            ProtocolJson.Default.AppendLogResponse,
            response =>
            {
                _masksTold = told;
                return response.NextToken;
            },
            problem => problem?.Field == "chunk");
        return answer is not null;
    }

    /// <summary>Asks whether the job is to be cancelled, and gets a fresh token on the way.</summary>
    public async Task<bool> IsCancelledAsync()
    {
        var answer = await CallAsync(
            $"api/v1/jobs/{_lifetime.JobId}/cancel-check",
            () => Json(new CancelCheckRequest(), ProtocolJson.Default.CancelCheckRequest),
            ProtocolJson.Default.CancelCheckResponse,
            response => response.NextToken);
        return answer!.Cancelled;
    }

    public void Dispose() => _turn.Dispose();

    private Task StatusAsync(string path, StatusRequest request) => CallAsync(
        path,
        () => Json(request, ProtocolJson.Default.StatusRequest),
        ProtocolJson.Default.StatusResponse,
        response => response.NextToken);

    /// <param name="open">In this call's turn: what makes the body of each try.</param>
    /// <param name="mayConflict">A 409 that is about this call alone: it spent nothing, and null is returned.</param>
    private async Task<TResponse?> CallAsync<TResponse>(
        string path,
        Func<Func<HttpContent>> open,
        JsonTypeInfo<TResponse> responseType,
        Func<TResponse, string?> nextToken,
        Func<Problem?, bool>? mayConflict = null)
        where TResponse : class
    {
        await _turn.WaitAsync(_lifetime.Lost);
        try
        {
            var body = open();
            var key = Guid.NewGuid().ToString("N");
            return await _retry.ExecuteAsync(
                async cancellationToken =>
                {
                    var sentAt = _time.GetTimestamp();
                    using var response = await SendAsync(path, body(), key, cancellationToken);
                    if (!response.IsSuccessStatusCode)
                    {
                        var problem = await RunnerApi.ProblemAsync(response, cancellationToken);
                        if (response.StatusCode == HttpStatusCode.Conflict && mayConflict?.Invoke(problem) == true) return null;
                        AttemptOver(_logger, _lifetime.JobId, _lifetime.Attempt, path, (int)response.StatusCode, problem?.Detail);
                        _lifetime.Stop(StopReason.Lost);
                        throw new OperationCanceledException(_lifetime.Lost);
                    }

                    var answer = Parse(await response.Content.ReadAsByteArrayAsync(cancellationToken), responseType);
                    _token = nextToken(answer);
                    _lifetime.Extend(sentAt);
                    Volatile.Write(ref _lastCall, sentAt);
                    return answer;
                },
                _lifetime.Lost);
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>What is no answer of this protocol comes from something in between, and the call is repeated.</summary>
    private static TResponse Parse<TResponse>(byte[] body, JsonTypeInfo<TResponse> type)
    {
        try
        {
            return JsonSerializer.Deserialize(body, type)
                ?? throw new ServerUnavailableException("The server answered with an empty document.");
        }
        catch (JsonException e)
        {
            throw new ServerUnavailableException($"The server's answer is not what this protocol has: {e.Message}", e);
        }
    }

    private static Func<HttpContent> Json<TRequest>(TRequest request, JsonTypeInfo<TRequest> type)
    {
        var body = JsonSerializer.SerializeToUtf8Bytes(request, type);
        return () => new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
    }

    private async Task<HttpResponseMessage> SendAsync(string path, HttpContent body, string key, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = body };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _token);
        request.Headers.Add("Idempotency-Key", key);
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(CallTimeout);
        try
        {
            var response = await _http.SendAsync(request, bounded.Token);
            if (!ServerHttp.IsTransient(response.StatusCode)) return response;
            using (response) throw new ServerUnavailableException($"The server answered {(int)response.StatusCode} {response.ReasonPhrase}.");
        }
        catch (HttpRequestException e)
        {
            throw new ServerUnavailableException(e.Message, e);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ServerUnavailableException($"The server did not answer within {CallTimeout.TotalSeconds:0} s.", e);
        }
    }

    [LoggerMessage(1, LogLevel.Warning, "Job {JobId}: a call is repeated until the server answers: {Reason}")]
    private static partial void Retrying(ILogger logger, long jobId, string reason);

    [LoggerMessage(2, LogLevel.Warning, "Job {JobId}, attempt {Attempt}: {Path} was answered with {Status}, so the attempt is given up. {Detail}")]
    private static partial void AttemptOver(ILogger logger, long jobId, int attempt, string path, int status, string? detail);
}
